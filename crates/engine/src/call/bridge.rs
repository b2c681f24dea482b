//! Two legs joined.

use std::sync::Arc;

use offhook_model::call::EndReason;
use offhook_sip::cause;
use tokio::{sync::mpsc, time::Instant};

use super::{
    Call,
    dial::{Progress, reach},
};
use crate::{
    endpoint::IncomingCall,
    engine::Shared,
    host::DialTarget,
    leg::{Leg, LegEvent},
};

impl Call {
    /// The agent leaves; the other party talks to `other` until one hangs up.
    pub(super) async fn bridged(&mut self, mut other: Leg) -> EndReason {
        self.leg.flush();
        self.leg.bridge(&other);
        // Ends the conversation; its last words are reported at the end.
        self.heard = None;
        tracing::info!(call.id = %self.plan.call_id, "call bridged");
        let longest = Instant::now() + self.plan.max_duration.saturating_sub(self.answered_at.elapsed());
        loop {
            tokio::select! {
                order = self.orders.recv() => match order {
                    // The agent is not on the line any more to say anything.
                    Some(order) => return order.reason(),
                    None => return EndReason::Error,
                },
                over = joined_event(&mut self.leg) => if over { return EndReason::CallTransfer },
                over = joined_event(&mut other) => if over { return EndReason::CallTransfer },
                Some(event) = self.said.recv() => self.say(event),
                () = tokio::time::sleep_until(longest) => return EndReason::MaxDurationReached,
            }
        }
    }
}

/// Whether a joined leg is over. Digits and audio cross in the media thread.
async fn joined_event(leg: &mut Leg) -> bool {
    match leg.next().await {
        LegEvent::Ended(_) | LegEvent::MediaTimeout => true,
        // Its request to go elsewhere is refused by dropping it.
        _ => false,
    }
}

/// Connects a handset to somebody else: no agent, no report.
pub(crate) async fn connect(shared: &Arc<Shared>, call: IncomingCall, targets: Vec<DialTarget>) {
    let Ok(mut caller) = call.accept() else { return };
    let (sender, mut progress) = mpsc::channel(8);
    let reaching = reach(shared.endpoint.clone(), targets, sender);
    tokio::pin!(reaching);
    let mut callee = loop {
        tokio::select! {
            reached = &mut reaching => match reached {
                Ok(callee) => break callee,
                Err(unreached) => return caller.reject(unreached.status),
            },
            Some(step) = progress.recv() => match step {
                Progress::Ringing => caller.ring(),
                Progress::EarlyMedia(early) => {
                    caller.early_media();
                    caller.bridge(&early);
                }
            },
            event = caller.next() => if matches!(event, LegEvent::Ended(_)) { return },
            () = shared.stop.cancelled() => return caller.reject(cause::status(EndReason::Shutdown)),
        }
    };
    caller.answer();
    caller.bridge(&callee);
    loop {
        tokio::select! {
            over = joined_event(&mut caller) => if over { break },
            over = joined_event(&mut callee) => if over { break },
            () = shared.stop.cancelled() => break,
        }
    }
    caller.hang_up();
    callee.hang_up();
}
