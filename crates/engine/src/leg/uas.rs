//! Taking a call: ring, early media, answer, refusal.

use offhook_sip::{
    sdp::Direction,
    session_timer::{Refresher, SessionTimer},
};
use rsipstack::sip::{Header, StatusCode, prelude::HeadersExt};
use tokio::sync::mpsc;

use super::{
    Leg, LegEnd, LegError, LegEvent,
    actor::{Actor, Role, now, wire},
};
use crate::{
    endpoint::{Parts, refuse},
    sip::headers,
};

/// Makes a leg of an INVITE.
pub(crate) fn accept(parts: Parts) -> Result<Leg, LegError> {
    let call_id = headers::value(&parts.tx.original.headers, "Call-ID").unwrap_or_default().to_owned();
    let wiring = match wire(&parts.core, &call_id) {
        Ok(wiring) => wiring,
        Err(error) => {
            refuse(parts, StatusCode::ServiceUnavailable, vec![]);
            return Err(error.into());
        }
    };
    let transport = parts.tx.connection.as_ref().map(rsipstack::transport::SipConnection::transport);
    let contact = parts.core.stack.contact(&headers::user_of_uri(&parts.tx.original.uri), transport);
    let (state_sender, states) = parts.core.stack.dialogs.new_dialog_state_channel();
    let dialog = match parts.core.stack.dialogs.get_or_create_server_invite(
        &parts.tx,
        state_sender,
        None,
        Some(contact),
    ) {
        Ok(dialog) => dialog,
        Err(error) => {
            refuse(parts, StatusCode::BadRequest, vec![]);
            return Err(LegError::Stack(error.to_string()));
        }
    };
    let Parts { core, mut tx, slot, timer } = parts;
    let actor = Actor {
        core,
        role: Role::Uas,
        dialog: dialog.clone(),
        states,
        invite: None,
        option: None,
        watchdog: None,
        offer: tx.original.body.clone(),
        granted: timer,
        awaiting_ack: None,
        sdp: wiring.sdp,
        media: wiring.media,
        media_events: wiring.media_events,
        commands: wiring.commands,
        control: wiring.leg.control(),
        events: wiring.events,
        done: mpsc::channel(8),
        timer: None,
        answered: false,
        confirmed: false,
        deferred: Vec::new(),
        has_rung: false,
        has_early_media: false,
        is_held: false,
        has_rtp_digits: false,
        is_renegotiating: false,
        is_referring: false,
        end: None,
        _slot: slot,
    };
    actor.learn(&tx.original.headers);
    let mut server = dialog;
    tokio::spawn(async move {
        if let Err(error) = server.handle(&mut tx).await {
            tracing::debug!(%error, "an INVITE transaction failed");
        }
    });
    tokio::spawn(actor.run());
    Ok(wiring.leg)
}

impl Actor {
    /// 180.
    pub(super) fn ring(&mut self) {
        if self.is_waiting_caller() {
            let sent = self.dialog.ringing(Some(headers::capabilities()), None);
            self.check(sent);
        }
    }

    /// 183 with our answer.
    pub(super) fn send_early_media(&mut self) {
        if !self.is_waiting_caller() || self.offer.is_empty() {
            return;
        }
        match self.sdp.answer(&self.offer) {
            Ok((body, agreed)) => {
                let mut extra = headers::capabilities();
                extra.push(headers::sdp_type());
                let sent = self.dialog.ringing(Some(extra), Some(body));
                self.check(sent);
                self.configure(agreed, false);
                self.has_early_media = true;
            }
            Err(error) => self.reject(error.status()),
        }
    }

    /// 200.
    pub(super) fn answer(&mut self) {
        if !self.is_waiting_caller() {
            return;
        }
        let (body, agreed) = if self.offer.is_empty() {
            self.awaiting_ack = self.dialog.initial_request().cseq_header().ok().and_then(|c| c.seq().ok());
            (self.sdp.offer(Direction::SendRecv), None)
        } else {
            match self.sdp.answer(&self.offer) {
                Ok((body, agreed)) => (body, Some(agreed)),
                Err(error) => return self.reject(error.status()),
            }
        };
        let mut extra = headers::capabilities();
        extra.push(headers::sdp_type());
        if let Some(granted) = self.granted {
            extra.push(Header::SessionExpires(granted.to_string().into()));
            if granted.refresher == Some(Refresher::Uac) {
                extra.push(Header::Require("timer".into()));
            }
            self.timer = Some(SessionTimer::start(now(), granted, Refresher::Uas));
        }
        self.answered = true;
        let sent = self.dialog.accept(Some(extra), Some(body));
        self.check(sent);
        self.emit(LegEvent::Answered);
        if let Some(agreed) = agreed {
            self.configure(agreed, true);
        }
    }

    /// A final response that is none of 2xx.
    pub(super) fn reject(&mut self, status: u16) {
        if self.is_waiting_caller() {
            let status = if (400..700).contains(&status) { status } else { 603 };
            let sent = self.dialog.reject(Some(headers::status(status)), None);
            self.check(sent);
            self.over(LegEnd::Rejected(status));
        }
    }

    fn is_waiting_caller(&self) -> bool {
        self.role == Role::Uas && !self.answered && self.end.is_none()
    }

    fn check(&mut self, sent: rsipstack::Result<()>) {
        // The INVITE's transaction is gone: cancelled, or timed out.
        if sent.is_err() {
            self.over(LegEnd::Cancelled);
        }
    }
}
