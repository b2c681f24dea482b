//! Placing a call: INVITE, early media, answer, CANCEL.

use std::{sync::Arc, time::Duration};

use offhook_sip::{
    refer::percent_decode,
    ring::RingWatchdog,
    sdp::Direction,
    session_timer::{Refresher, SessionTimer},
};
use rsipstack::{
    dialog::{
        authenticate::Credential,
        invitation::{InviteAsyncResult, InviteOption},
    },
    sip::{Param, Response, StatusCodeKind, Transport, Uri, typed::Route},
};
use tokio::{sync::mpsc, task::JoinError};

use super::{
    Leg, LegEnd, LegError, LegEvent,
    actor::{Actor, Role, now, wire},
};
use crate::{endpoint::Core, host::DialTarget, sip::headers};

/// Sends an INVITE to a target.
pub(crate) fn dial(core: &Arc<Core>, target: &DialTarget, ring: Duration) -> Result<Leg, LegError> {
    let slot = core.slot().ok_or(LegError::Full)?;
    let call_id = format!("{:032x}@{}", rand::random::<u128>(), core.stack.advertised.ip());
    let mut wiring = wire(core, &call_id)?;
    let option = invite_option(core, target, call_id, wiring.sdp.offer(Direction::SendRecv))?;
    let (state_sender, states) = core.stack.dialogs.new_dialog_state_channel();
    let (dialog, invite) = core
        .stack
        .dialogs
        .do_invite_async(option.clone(), state_sender)
        .map_err(|e| LegError::Stack(e.to_string()))?;
    let actor = Actor {
        core: Arc::clone(core),
        role: Role::Uac,
        dialog,
        states,
        invite: Some(invite),
        option: Some(option),
        watchdog: Some(RingWatchdog::new(now(), ring)),
        offer: Vec::new(),
        granted: None,
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
    tokio::spawn(actor.run());
    Ok(wiring.leg)
}

fn invite_option(
    core: &Core,
    target: &DialTarget,
    call_id: String,
    offer: Vec<u8>,
) -> Result<InviteOption, LegError> {
    let mut callee = parse(&target.uri)?;
    let transport = target.transport.as_deref().map(transport).transpose()?;
    let named = callee.params.iter().find_map(|p| match p {
        Param::Transport(t) => Some(*t),
        _ => None,
    });
    if let Some(transport) = transport.filter(|t| named.is_none() && *t != Transport::Udp) {
        callee.params.push(Param::Transport(transport));
    }
    let route_set = match &target.proxy {
        None => Vec::new(),
        Some(proxy) => {
            // As a Route, not as a destination: the stack sends CANCEL where
            // the Route leads, but forgets a destination.
            let mut uri =
                if proxy.contains("sip:") { parse(proxy)? } else { parse(&format!("sip:{proxy}"))? };
            if let Some(transport) = transport.filter(|t| *t != Transport::Udp) {
                uri.params.push(Param::Transport(transport));
            }
            if !uri.params.contains(&Param::Lr) {
                uri.params.push(Param::Lr);
            }
            vec![Route { display_name: None, uri, params: vec![] }]
        }
    };
    let user = if target.caller_id.is_empty() { "anonymous" } else { target.caller_id.as_str() };
    let mut extra = headers::capabilities();
    extra.extend(headers::timer_request(core.config.session_timers));
    Ok(InviteOption {
        caller: core.stack.address_of(user),
        contact: core.stack.contact(user, transport.or(named)),
        callee,
        offer: Some(offer),
        credential: target.credentials.as_ref().map(|c| Credential {
            username: c.username.clone(),
            password: c.password.clone(),
            ..Credential::default()
        }),
        headers: Some(extra),
        call_id: Some(call_id),
        route_set,
        ..InviteOption::default()
    })
}

fn parse(uri: &str) -> Result<Uri, LegError> {
    let bad = || LegError::BadTarget(uri.to_owned());
    let mut parsed = Uri::try_from(uri).map_err(|_| bad())?;
    if parsed.scheme.as_ref().is_none_or(|s| !matches!(s.to_string().as_str(), "sip" | "sips")) {
        return Err(bad());
    }
    // A line break in a URI would forge headers.
    if uri.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"')) {
        return Err(bad());
    }
    if let Some(auth) = &mut parsed.auth {
        auth.user = percent_decode(&auth.user);
    }
    Ok(parsed)
}

fn transport(word: &str) -> Result<Transport, LegError> {
    match word.to_ascii_lowercase().as_str() {
        "udp" => Ok(Transport::Udp),
        "tcp" => Ok(Transport::Tcp),
        "tls" => Ok(Transport::Tls),
        _ => Err(LegError::BadTarget(word.to_owned())),
    }
}

impl Actor {
    /// A provisional response other than 100.
    pub(super) fn provisional(&mut self, response: &Response) {
        if self.answered || self.role == Role::Uas {
            return;
        }
        self.learn(&response.headers);
        if !self.has_rung {
            self.has_rung = true;
            self.emit(LegEvent::Ringing);
        }
        if response.body.is_empty() || !headers::is_type(&response.headers, headers::SDP) {
            return;
        }
        // Forked branches may each send one; the latest is heard.
        if let Ok(agreed) = self.sdp.apply(&response.body) {
            self.configure(agreed, false);
            if !self.has_early_media {
                self.has_early_media = true;
                self.emit(LegEvent::EarlyMedia);
            }
        }
    }

    /// The INVITE has its final response.
    pub(super) async fn invite_done(&mut self, result: Result<InviteAsyncResult, JoinError>) {
        match result {
            Ok(Ok((_, Some(response)))) if is_success(&response) => self.accepted(&response).await,
            Ok(Ok((_, Some(response)))) => {
                if !self.try_longer_timer(&response) {
                    self.over(LegEnd::Refused(response.status_code.code()));
                }
            }
            Ok(Ok((_, None))) => self.over(LegEnd::Refused(408)),
            Ok(Err(error)) => {
                tracing::debug!(sip.call_id = self.control.call_id(), %error, "an INVITE failed");
                self.over(LegEnd::Refused(503));
            }
            Err(error) if error.is_panic() => self.over(LegEnd::Fault("the SIP stack panicked".to_owned())),
            Err(_) => self.over(LegEnd::LocalHangup),
        }
    }

    async fn accepted(&mut self, response: &Response) {
        self.watchdog = None;
        self.answered = true;
        self.confirmed = true;
        self.learn(&response.headers);
        // Some peers repeat the SDP of their 183 only there, not in the 200.
        let agreed = match (response.body.is_empty(), self.sdp.agreed()) {
            (true, Some(agreed)) => Ok(agreed),
            _ => self.sdp.apply(&response.body),
        };
        match agreed {
            Ok(agreed) => {
                if let Some(expires) = headers::session_expires(&response.headers) {
                    self.timer = Some(SessionTimer::start(now(), expires, Refresher::Uac));
                }
                self.emit(LegEvent::Answered);
                self.configure(agreed, true);
            }
            Err(error) => {
                tracing::info!(sip.call_id = self.control.call_id(), %error, "an answer cannot be used");
                self.bye(Some("SIP;cause=488;text=\"Not Acceptable Here\""));
                self.over(LegEnd::Refused(488));
            }
        }
    }

    /// 422: once more with the interval the peer wants (RFC 4028 §7.2).
    fn try_longer_timer(&mut self, response: &Response) -> bool {
        if response.status_code.code() != 422 {
            return false;
        }
        let wanted: Option<u64> = headers::value(&response.headers, "Min-SE").and_then(|v| v.parse().ok());
        let (Some(wanted), Some(mut option)) = (wanted, self.option.take()) else { return false };
        let mut policy = self.core.config.session_timers;
        policy.min_se = Duration::from_secs(wanted.min(86_400));
        policy.session_expires = policy.session_expires.max(policy.min_se);
        let mut extra = headers::capabilities();
        extra.extend(headers::timer_request(policy));
        option.headers = Some(extra);
        let (sender, states) = self.core.stack.dialogs.new_dialog_state_channel();
        match self.core.stack.dialogs.do_invite_async(option, sender) {
            Ok((dialog, invite)) => {
                self.dialog = dialog;
                self.states = states;
                self.invite = Some(invite);
                true
            }
            Err(_) => false,
        }
    }

    /// Nobody answered in time.
    pub(super) async fn ring_timeout(&mut self) {
        self.watchdog = None;
        self.cancel(LegEnd::RingTimeout).await;
    }

    /// Ends an unanswered INVITE: CANCEL, and BYE if a 2xx crossed it. The
    /// stack does both for an INVITE whose task is dropped.
    pub(super) async fn cancel(&mut self, end: LegEnd) {
        if let Some(invite) = self.invite.take() {
            invite.abort();
            // It may have been answered just before.
            if let Ok(Ok((_, Some(response)))) = invite.await
                && is_success(&response)
            {
                self.bye(None);
            }
        }
        self.over(end);
    }
}

pub(super) fn is_success(response: &Response) -> bool {
    response.status_code.kind() == StatusCodeKind::Successful
}
