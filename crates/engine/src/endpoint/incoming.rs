//! A call that rings in, before anybody has decided on it.

use std::{sync::Arc, time::Instant};

use offhook_sip::session_timer::SessionExpires;
use rsipstack::{
    sip::{Header, StatusCode},
    transaction::transaction::Transaction,
};

use super::{CallSlot, Core};
use crate::{
    host::Arrival,
    leg::{Leg, LegError, uas},
    sip::{dispatch, headers},
};

/// An INVITE from outside any dialog, whose offer we can answer.
///
/// Dropping it refuses the call with 480.
pub struct IncomingCall {
    /// Who calls whom.
    pub arrival: Arrival,
    pub(crate) parts: Option<Parts>,
}

/// What becomes the leg.
pub(crate) struct Parts {
    pub core: Arc<Core>,
    pub tx: Transaction,
    pub slot: CallSlot,
    /// The session timer to put into the 2xx.
    pub timer: Option<SessionExpires>,
}

impl IncomingCall {
    /// Refuses it.
    pub fn reject(mut self, status: u16) {
        if let Some(parts) = self.parts.take() {
            // Whoever may come back is told when (RFC 3261 §21.5.4).
            let extra = if status == 503 { vec![headers::retry_after()] } else { vec![] };
            refuse(parts, headers::status(status), extra);
        }
    }

    /// Asks for credentials (407); the caller tries again with them, or does
    /// not. Refuses with 403 when nobody may authenticate.
    pub fn challenge(mut self) {
        if let Some(parts) = self.parts.take() {
            match parts.core.registrar.challenge(false, Instant::now()) {
                Some(challenge) => refuse(
                    parts,
                    StatusCode::ProxyAuthenticationRequired,
                    vec![Header::ProxyAuthenticate(challenge.into())],
                ),
                None => refuse(parts, StatusCode::Forbidden, vec![]),
            }
        }
    }

    /// Takes the call: nothing is sent yet, [`Leg::ring`], [`Leg::answer`] or
    /// [`Leg::reject`] follow.
    ///
    /// # Errors
    /// [`LegError`] when no media port is free: the caller has got 503.
    pub fn accept(mut self) -> Result<Leg, LegError> {
        match self.parts.take() {
            Some(parts) => uas::accept(parts),
            None => Err(LegError::Gone),
        }
    }
}

impl Drop for IncomingCall {
    fn drop(&mut self) {
        if let Some(parts) = self.parts.take() {
            refuse(parts, StatusCode::TemporarilyUnavailable, vec![]);
        }
    }
}

/// Sends a final response and waits for its ACK.
pub(crate) fn refuse(parts: Parts, status: StatusCode, headers: Vec<Header>) {
    let Parts { tx, core, .. } = parts;
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(dispatch::finish(tx, status, headers, core.config.t1));
}
