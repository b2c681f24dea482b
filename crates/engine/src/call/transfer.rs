//! Handing the call to somebody else.
//!
//! By REFER where the other party takes it, so that we are out of the way;
//! else, or when that fails, by calling the target ourselves and joining both.

use std::{pin::Pin, time::Duration};

use offhook_media::tone::Tone;
use offhook_model::{
    call::{Direction, EndReason},
    e164::E164,
};
use offhook_voice::line::Heard;
use tokio::{sync::mpsc, time::Instant};

use super::{
    Call,
    dial::{Unreached, reach},
};
use crate::{
    host::DialTarget,
    leg::{Leg, ReferRequest},
};

/// How long the host may look for a route.
const ROUTING: Duration = Duration::from_secs(3);

type Reaching = Pin<Box<dyn Future<Output = Result<Leg, Unreached>> + Send>>;

/// A transfer on its way.
pub(super) enum Transfer {
    /// The other party has our REFER.
    Refer { targets: Vec<DialTarget>, until: Instant },
    /// We call the target, to join it with the other party.
    Bridge(Reaching),
    /// The other party asked us to: the agent goes on with the target.
    Follow(Reaching),
}

/// What a transfer comes to.
pub(super) enum Step {
    ReferTimeout,
    Bridged(Result<Leg, Unreached>),
    Followed(Result<Leg, Unreached>),
}

/// The next step of a transfer, if there is one.
pub(super) async fn next(transfer: &mut Option<Transfer>) -> Step {
    match transfer {
        None => std::future::pending().await,
        Some(Transfer::Refer { until, .. }) => {
            tokio::time::sleep_until(*until).await;
            Step::ReferTimeout
        }
        Some(Transfer::Bridge(reaching)) => Step::Bridged(reaching.await),
        Some(Transfer::Follow(reaching)) => Step::Followed(reaching.await),
    }
}

impl Call {
    /// Our number on this call: what a transfer is placed from.
    fn our_number(&self) -> &str {
        match self.plan.direction {
            Direction::Inbound => &self.plan.to,
            Direction::Outbound | Direction::Web => &self.plan.from,
        }
    }

    /// Where a number is reached; nowhere if the host does not say soon. The
    /// call stands still meanwhile.
    async fn route(&mut self, to: &E164) -> Vec<DialTarget> {
        let routing = self.shared.host.route(self.our_number(), to);
        tokio::time::timeout(ROUTING, routing).await.unwrap_or_else(|_| {
            tracing::warn!(call.id = %self.plan.call_id, "no route in time");
            Vec::new()
        })
    }

    /// Begins a transfer.
    pub(super) async fn transfer(&mut self, to: &E164) {
        if self.transfer.is_some() {
            return self.transfer_failed("another transfer is under way");
        }
        let targets = self.route(to).await;
        let Some(first) = targets.first() else {
            return self.transfer_failed("no route");
        };
        if self.leg.peer_allows_refer() {
            self.leg.refer(&first.uri);
            let until = Instant::now() + self.shared.refer_timeout;
            self.transfer = Some(Transfer::Refer { targets, until });
        } else {
            self.begin_bridge(targets);
        }
    }

    /// The REFER came to its end.
    pub(super) fn refer_done(&mut self, outcome: Result<(), u16>) -> Option<EndReason> {
        match (self.transfer.take(), outcome) {
            (Some(Transfer::Refer { .. }), Ok(())) => Some(EndReason::CallTransfer),
            (Some(Transfer::Refer { targets, .. }), Err(status)) => {
                tracing::info!(call.id = %self.plan.call_id, status, "REFER failed, bridging instead");
                self.begin_bridge(targets);
                None
            }
            (other, _) => {
                self.transfer = other;
                None
            }
        }
    }

    /// Calls the target while the other party hears it ring.
    fn begin_bridge(&mut self, targets: Vec<DialTarget>) {
        self.leg.loop_tone(Tone::RINGBACK);
        self.transfer = Some(Transfer::Bridge(self.reaching(targets)));
    }

    fn reaching(&self, targets: Vec<DialTarget>) -> Reaching {
        let (progress, _) = mpsc::channel(1);
        Box::pin(reach(self.shared.endpoint.clone(), targets, progress))
    }

    pub(super) async fn transfer_step(&mut self, step: Step) -> Option<EndReason> {
        match step {
            Step::ReferTimeout => {
                if let Some(Transfer::Refer { targets, .. }) = self.transfer.take() {
                    self.begin_bridge(targets);
                }
                None
            }
            Step::Bridged(reached) => {
                self.transfer = None;
                self.leg.stop_tone();
                match reached {
                    Ok(other) => Some(self.bridged(other).await),
                    Err(unreached) => {
                        self.transfer_failed(words(unreached));
                        None
                    }
                }
            }
            Step::Followed(reached) => {
                self.transfer = None;
                match reached {
                    Ok(other) => {
                        self.leg.notify_refer(200, true);
                        // The referrer hangs up at this NOTIFY; if not, we do.
                        let old = std::mem::replace(&mut self.leg, other);
                        old.hang_up();
                    }
                    Err(unreached) => self.leg.notify_refer(unreached.status, true),
                }
                None
            }
        }
    }

    /// The other party asks the agent to go on with somebody else.
    ///
    /// Only to the agent's own transfer number, or for a handset of ours: any
    /// caller could else have us phone the world at our cost.
    pub(super) async fn referred(&mut self, request: ReferRequest) {
        let number = E164::from_dialled(&request.target.user).ok();
        let may = number.is_some() && (self.is_trusted || number == self.plan.transfer_number);
        let Some(number) = number.filter(|_| may && self.transfer.is_none() && !request.target.has_replaces)
        else {
            return request.reject(603);
        };
        let targets = self.route(&number).await;
        if targets.is_empty() {
            return request.reject(603);
        }
        request.accept();
        self.transfer = Some(Transfer::Follow(self.reaching(targets)));
    }

    fn transfer_failed(&self, reason: &str) {
        self.hear(Heard::TransferFailed { reason: reason.to_owned() });
    }
}

fn words(unreached: Unreached) -> &'static str {
    match unreached.reason {
        EndReason::DialBusy => "busy",
        EndReason::DialNoAnswer => "no answer",
        _ if matches!(unreached.status, 403 | 603) => "refused",
        _ => "not reachable",
    }
}
