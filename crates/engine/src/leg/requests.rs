//! Requests within the dialog, theirs and ours: BYE, re-INVITE, UPDATE, ACK.

use std::time::Duration;

use offhook_sip::{
    sdp::Direction,
    session_timer::{self, Refresher, SessionTimer, UasDecision},
};
use rsipstack::{
    dialog::dialog::{TerminatedReason, TransactionHandle},
    sip::{Header, Method, Request, Response, prelude::HeadersExt},
};

use super::{
    LegEnd, LegEvent,
    actor::{Actor, Done, Role, now, respond},
    uac::is_success,
};
use crate::sip::headers;

/// How long an INVITE may take to notice that its dialog has ended.
const CROSSING: Duration = Duration::from_secs(2);

impl Actor {
    /// Ends the leg, whatever its state.
    pub(super) async fn hang_up(&mut self, reason: Option<&'static str>) {
        match self.role {
            _ if self.answered => {
                self.bye(reason);
                self.over(LegEnd::LocalHangup);
            }
            Role::Uas => {
                self.reject(603);
                self.over(LegEnd::LocalHangup);
            }
            Role::Uac => self.cancel(LegEnd::LocalHangup).await,
        }
    }

    /// Sends BYE and lets it end by itself.
    pub(super) fn bye(&self, reason: Option<&'static str>) {
        let dialog = self.dialog.clone();
        let dialogs = std::sync::Arc::clone(&self.core.stack.dialogs);
        let headers = reason.map(|r| vec![Header::Reason(r.into())]);
        tokio::spawn(async move {
            if let Err(error) = dialog.bye_with_headers(headers).await {
                tracing::debug!(%error, "a BYE failed");
            }
            dialogs.remove_dialog(&dialog.id());
        });
    }

    /// The stack has seen the dialog's end.
    pub(super) async fn terminated(&mut self, reason: TerminatedReason) {
        // The answer to our INVITE and a quick BYE may come at once.
        if let Some(mut invite) = self.invite.take() {
            match tokio::time::timeout(CROSSING, &mut invite).await {
                Ok(result) => {
                    self.invite_done(result).await;
                    if self.invite.is_some() {
                        return;
                    }
                }
                // Without its dialog it can come to nothing.
                Err(_) => invite.abort(),
            }
        }
        let end = match (self.role, reason) {
            (Role::Uas, TerminatedReason::UacCancel) => LegEnd::Cancelled,
            (Role::Uas, TerminatedReason::UacBye) | (Role::Uac, TerminatedReason::UasBye) => {
                LegEnd::PeerHangup
            }
            (_, TerminatedReason::Timeout) => LegEnd::Lost,
            (_, TerminatedReason::ProxyAuthRequired) if self.answered => {
                // A request of ours was challenged and we have no answer; the
                // stack gave up the dialog, which the peer cannot know.
                LegEnd::Fault("a request within the dialog was challenged".to_owned())
            }
            _ => LegEnd::LocalHangup,
        };
        self.over(end);
    }

    /// An ACK may bring the answer to our offer.
    pub(super) fn acknowledged(&mut self) {
        let Some(cseq) = self.awaiting_ack else { return };
        let Some(ack) = self.dialog.last_remote_ack() else { return };
        if ack.cseq_header().ok().and_then(|c| c.seq().ok()) != Some(cseq) {
            return;
        }
        self.awaiting_ack = None;
        match self.sdp.apply(&ack.body) {
            Ok(agreed) => self.configure(agreed, true),
            // Without an answer a first offer leaves no session; after a
            // re-INVITE the old one stays (RFC 3261 §14.2).
            Err(_) if self.sdp.agreed().is_some() => {}
            Err(error) => {
                self.bye(Some("SIP;cause=488;text=\"Not Acceptable Here\""));
                self.over(LegEnd::Fault(error.to_string()));
            }
        }
    }

    /// A re-INVITE or UPDATE.
    pub(super) async fn renegotiated(&mut self, request: Request, handle: TransactionHandle) {
        if self.is_renegotiating || !self.answered || self.awaiting_ack.is_some() {
            return respond(&handle, 491, vec![], None).await;
        }
        self.learn(&request.headers);
        let supported = headers::has_token(&request.headers, "Supported", "timer");
        let requested = headers::session_expires(&request.headers);
        let mut extra = headers::capabilities();
        let granted = match session_timer::decide(requested, supported, self.core.config.session_timers) {
            UasDecision::TooSmall(min) => {
                let min = Header::MinSE(min.as_secs().to_string().into());
                return respond(&handle, 422, vec![min], None).await;
            }
            UasDecision::None => None,
            UasDecision::Accept(granted) => {
                extra.push(Header::SessionExpires(granted.to_string().into()));
                if granted.refresher == Some(Refresher::Uac) {
                    extra.push(Header::Require("timer".into()));
                }
                Some(granted)
            }
        };
        let (body, agreed) = if !request.body.is_empty() {
            match self.sdp.answer(&request.body) {
                Ok((body, agreed)) => (Some(body), Some(agreed)),
                Err(error) => return respond(&handle, error.status(), extra, None).await,
            }
        } else if request.method == Method::Invite {
            self.awaiting_ack = request.cseq_header().ok().and_then(|c| c.seq().ok());
            let wanted = self.sdp.wanted();
            (Some(self.sdp.offer(wanted)), None)
        } else {
            (None, None)
        };
        if body.is_some() {
            extra.push(headers::sdp_type());
        }
        respond(&handle, 200, extra, body).await;
        // A refresh without a timer header switches the timer off (RFC 4028 §7.2).
        self.timer = granted.map(|granted| SessionTimer::start(now(), granted, Refresher::Uas));
        if let Some(agreed) = agreed {
            self.configure(agreed, true);
        }
    }

    /// Puts the peer on hold or takes it back.
    pub(super) fn hold(&mut self, hold: bool) {
        if !self.answered || self.is_renegotiating {
            let is_held = self.sdp.wanted() == Direction::SendOnly;
            return self.emit(LegEvent::Held(is_held));
        }
        self.is_renegotiating = true;
        let body = self.sdp.offer(if hold { Direction::SendOnly } else { Direction::SendRecv });
        let mut extra = headers::capabilities();
        extra.push(headers::sdp_type());
        extra.extend(self.refresh_header());
        let dialog = self.dialog.clone();
        let done = self.done.0.clone();
        tokio::spawn(async move {
            // The stack waits for a random time and tries again on glare (491).
            let response = dialog.reinvite_with_glare_retry(Some(extra), Some(body), 3).await.ok().flatten();
            let _over = done.send(Done::Hold { hold, response }).await;
        });
    }

    pub(super) fn request_done(&mut self, done: Done) {
        match done {
            Done::Hold { hold, response } => self.hold_done(hold, response),
            Done::Refresh { response, with_sdp } => self.refresh_done(response, with_sdp),
            Done::Refer(response) => self.refer_answered(response),
        }
    }

    fn hold_done(&mut self, hold: bool, response: Option<Response>) {
        self.is_renegotiating = false;
        let accepted = response.filter(is_success);
        let agreed = accepted.as_ref().and_then(|r| self.sdp.apply(&r.body).ok());
        match agreed {
            Some(agreed) => {
                self.configure(agreed, true);
                self.emit(LegEvent::Held(hold));
            }
            None => {
                // The old state stays; say so in later offers too.
                let old = if hold { Direction::SendRecv } else { Direction::SendOnly };
                let _unsent = self.sdp.offer(old);
                self.emit(LegEvent::Held(!hold));
            }
        }
    }
}
