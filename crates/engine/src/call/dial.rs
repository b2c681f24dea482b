//! Outbound: the targets in order, until one answers.

use std::time::Duration;

use offhook_model::call::EndReason;
use offhook_sip::cause;
use tokio::sync::mpsc;

use super::Setup;
use crate::{
    endpoint::Endpoint,
    host::DialTarget,
    leg::{Leg, LegControl, LegEnd, LegError, LegEvent},
};

/// What happens before an answer.
pub(super) enum Progress {
    Ringing,
    /// Audio before the answer, on this leg.
    EarlyMedia(LegControl),
}

/// No target answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreached {
    pub reason: EndReason,
    /// The last final status; 480 when there was none.
    pub status: u16,
}

/// Tries the targets in order. Dropping the future cancels the one that rings.
pub(super) async fn reach(
    endpoint: Endpoint,
    targets: Vec<DialTarget>,
    progress: mpsc::Sender<Progress>,
) -> Result<Leg, Unreached> {
    let mut last = Unreached { reason: EndReason::DialFailed, status: 480 };
    for target in &targets {
        let mut leg = match endpoint.dial(target) {
            Ok(leg) => leg,
            Err(error) => {
                tracing::warn!(%error, "a target could not be dialled");
                if matches!(error, LegError::Full | LegError::Media(_)) {
                    last = Unreached { reason: EndReason::Error, status: 503 };
                }
                continue;
            }
        };
        let end = loop {
            match leg.next().await {
                LegEvent::Ringing => {
                    let _nobody_listens = progress.try_send(Progress::Ringing);
                }
                LegEvent::EarlyMedia => {
                    let _nobody_listens = progress.try_send(Progress::EarlyMedia(leg.control()));
                }
                LegEvent::Answered => return Ok(leg),
                LegEvent::Ended(end) => break end,
                _ => {}
            }
        };
        match end {
            LegEnd::Refused(status) => {
                last = Unreached { reason: cause::end_reason(status, false), status };
                if !cause::may_try_next(status) {
                    break;
                }
            }
            LegEnd::RingTimeout => return Err(Unreached { reason: EndReason::DialNoAnswer, status: 480 }),
            _ => last = Unreached { reason: EndReason::DialFailed, status: 480 },
        }
    }
    Err(last)
}

impl Setup {
    /// Dials, and talks to who answers.
    pub(super) async fn dial(mut self, targets: Vec<DialTarget>) {
        self.reports.dialing();
        tracing::info!(call.id = %self.plan.call_id, targets = targets.len(), "outbound call");
        let (sender, mut progress) = mpsc::channel(8);
        let reaching = reach(self.shared.endpoint.clone(), targets, sender);
        tokio::pin!(reaching);
        let reached = loop {
            tokio::select! {
                reached = &mut reaching => break reached,
                Some(_) = progress.recv() => self.reports.ringing(),
                Some(order) = self.orders.recv() => {
                    return self.reports.ended(order.reason(), Duration::ZERO, None);
                }
            }
        };
        // What came just before the answer.
        if progress.try_recv().is_ok() {
            self.reports.ringing();
        }
        match reached {
            // Who is called may transfer us, but not to just anybody.
            Ok(leg) => self.converse(leg, false).await,
            Err(unreached) => self.reports.ended(unreached.reason, Duration::ZERO, None),
        }
    }
}
