//! Inbound: ring, answer, talk.

use std::time::Duration;

use offhook_model::call::EndReason;
use offhook_sip::cause;

use super::{Setup, hangup};
use crate::{
    endpoint::IncomingCall,
    leg::{LegError, LegEvent},
};

impl Setup {
    /// Takes a call the host has admitted.
    pub(super) async fn answer(mut self, incoming: IncomingCall) {
        self.reports.dialing();
        let is_trusted = incoming.arrival.handset.is_some();
        let mut leg = match incoming.accept() {
            Ok(leg) => leg,
            Err(error) => {
                // What the caller wrote is nothing an operator can act on.
                if matches!(error, LegError::Media(_)) {
                    tracing::error!(call.id = %self.plan.call_id, %error, "a call could not be taken");
                } else {
                    tracing::info!(call.id = %self.plan.call_id, "a call could not be taken: its INVITE is bad or gone");
                }
                let reason = if matches!(error, LegError::Gone) {
                    EndReason::CallerCancelled
                } else {
                    EndReason::Error
                };
                return self.reports.ended(reason, Duration::ZERO, None);
            }
        };
        tracing::info!(call.id = %self.plan.call_id, sip.call_id = leg.call_id(), "inbound call");
        leg.ring();
        self.reports.ringing();
        let pick_up = tokio::time::sleep(self.shared.answer_after);
        tokio::pin!(pick_up);
        let mut rings = true;
        loop {
            let event = tokio::select! {
                event = leg.next() => event,
                () = &mut pick_up, if rings => {
                    rings = false;
                    leg.answer();
                    continue;
                }
                Some(order) = self.orders.recv() => {
                    let reason = order.reason();
                    leg.reject(cause::status(reason));
                    return self.reports.ended(reason, Duration::ZERO, None);
                }
            };
            match event {
                LegEvent::Answered => return self.converse(leg, is_trusted).await,
                LegEvent::Ended(end) => {
                    return self.reports.ended(hangup::reason(&end), Duration::ZERO, None);
                }
                _ => {}
            }
        }
    }
}
