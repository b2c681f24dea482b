//! Session timers: refreshing, and giving up on a peer that vanished.

use offhook_sip::session_timer::{Refresher, SessionExpires, SessionTimer};
use rsipstack::sip::{Header, Response};

use super::{
    LegEnd,
    actor::{Actor, Done, now},
    uac::is_success,
};
use crate::sip::headers;

impl Actor {
    /// The timer header of a request of ours, while a timer runs.
    pub(super) fn refresh_header(&self) -> Option<Header> {
        self.timer.map(|timer| {
            let refresher = if timer.we_refresh() { Refresher::Uac } else { Refresher::Uas };
            let wish = SessionExpires { interval: timer.interval(), refresher: Some(refresher) };
            Header::SessionExpires(wish.to_string().into())
        })
    }

    /// Sends a refresh: UPDATE where the peer takes it, else the same offer again.
    pub(super) fn refresh(&mut self) {
        let header = self.refresh_header();
        let Some(timer) = &mut self.timer else { return };
        timer.refresh_sent();
        if self.is_renegotiating {
            timer.refresh_failed(now());
            return;
        }
        self.is_renegotiating = true;
        let mut extra = headers::capabilities();
        extra.extend(header);
        let with_update = self.control.peer.allows_update.load(std::sync::atomic::Ordering::SeqCst);
        let body = if with_update { None } else { self.sdp.repeat() };
        if body.is_some() {
            extra.push(headers::sdp_type());
        }
        let dialog = self.dialog.clone();
        let done = self.done.0.clone();
        tokio::spawn(async move {
            let with_sdp = body.is_some();
            let response = if with_update {
                dialog.update(Some(extra), None).await
            } else {
                dialog.reinvite(Some(extra), body).await
            };
            let _over = done.send(Done::Refresh { response: response.ok().flatten(), with_sdp }).await;
        });
    }

    pub(super) fn refresh_done(&mut self, response: Option<Response>, with_sdp: bool) {
        self.is_renegotiating = false;
        let Some(timer) = &mut self.timer else { return };
        match response {
            Some(response) if is_success(&response) => {
                let agreed = headers::session_expires(&response.headers);
                self.timer = agreed.map(|agreed| SessionTimer::start(now(), agreed, Refresher::Uac));
                if with_sdp && let Ok(agreed) = self.sdp.apply(&response.body) {
                    self.configure(agreed, true);
                }
            }
            // The dialog is gone at the peer (RFC 3261 §12.2.1.2).
            Some(response) if matches!(response.status_code.code(), 408 | 481) => self.session_expired(),
            None => self.session_expired(),
            Some(_) => timer.refresh_failed(now()),
        }
    }

    /// No refresh came, or ours went nowhere.
    pub(super) fn session_expired(&mut self) {
        self.bye(Some("SIP;cause=408;text=\"Session expired\""));
        self.over(LegEnd::Lost);
    }
}
