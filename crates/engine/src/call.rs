//! A call of an agent: from INVITE to `Ended`.
//!
//! [`start`] gives each call two tasks: one that runs it, and one that passes
//! its reports on in order and sees that `Ended` is the last and comes once,
//! even when the first one panics.
//!
//! The verbs are beside this file; [`Call::talk`] only dispatches to them.

mod answer;
pub(crate) mod bridge;
mod dial;
mod dtmf;
mod hangup;
mod hold;
mod record;
mod reports;
mod transfer;

use std::{sync::Arc, time::Duration};

use offhook_model::{call::EndReason, plan::CallPlan, report::CallReport};
use offhook_voice::{
    conversation::ConversationEvent,
    line::{Act, Heard},
};
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    endpoint::IncomingCall,
    engine::Shared,
    host::DialTarget,
    leg::{Leg, LegEvent},
    media::Recording,
    talk::Line,
};
use reports::Reports;
use transfer::Transfer;

/// What the conversation may be behind, in events: 20 ms each.
const HEARD: usize = 256;
/// Places that audio leaves to other events.
const RESERVED: usize = 64;

/// How long last words may take: a sentence or two, and the voice's first
/// sound. Then the call ends without them.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(10);

/// What the outside asks of a call.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    /// End at once.
    HangUp(EndReason),
    /// End after these words of the agent; before it is answered, at once.
    Leave { words: Arc<str>, reason: EndReason },
}

impl Order {
    /// Why the call is to end.
    fn reason(&self) -> EndReason {
        match self {
            Self::HangUp(reason) | Self::Leave { reason, .. } => *reason,
        }
    }
}

/// Where a call comes from.
pub(crate) enum Origin {
    Inbound(Box<IncomingCall>),
    Outbound(Vec<DialTarget>),
}

/// The moment a call is left, if it is to be.
async fn left(leaves: Option<(Instant, EndReason)>) -> EndReason {
    match leaves {
        Some((at, reason)) => {
            tokio::time::sleep_until(at).await;
            reason
        }
        None => std::future::pending().await,
    }
}

/// Starts a call; from here on exactly one `Ended` will be reported.
pub(crate) fn start(shared: &Arc<Shared>, plan: CallPlan, origin: Origin) {
    let call_id = plan.call_id.clone();
    let orders = shared.register(&call_id);
    let reports = reports::start(shared, call_id.clone());
    let call = Setup { shared: Arc::clone(shared), plan: Arc::new(plan), orders, reports: reports.clone() };
    let shared = Arc::clone(shared);
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        let run = tokio::spawn(async move {
            match origin {
                Origin::Inbound(incoming) => call.answer(*incoming).await,
                Origin::Outbound(targets) => call.dial(targets).await,
            }
        });
        // Its legs are dropped with it, which hangs up and frees the dialogs.
        if let Err(error) = run.await {
            tracing::error!(call.id = %call_id, %error, "a call's task failed");
        }
        reports.close();
    });
}

/// A call before its answer.
struct Setup {
    shared: Arc<Shared>,
    plan: Arc<CallPlan>,
    orders: mpsc::Receiver<Order>,
    reports: Reports,
}

/// A call in conversation.
struct Call {
    shared: Arc<Shared>,
    plan: Arc<CallPlan>,
    orders: mpsc::Receiver<Order>,
    reports: Reports,
    leg: Leg,
    /// The handset that authenticated, for an inbound call of one.
    is_trusted: bool,
    answered_at: Instant,
    recording: Option<Recording>,
    heard: Option<mpsc::Sender<Heard>>,
    acts: mpsc::Receiver<Act>,
    said: mpsc::Receiver<ConversationEvent>,
    talk: JoinHandle<()>,
    cancel: CancellationToken,
    transfer: Option<Transfer>,
    /// When the call ends, last words or not, and why.
    leaves: Option<(Instant, EndReason)>,
}

impl Setup {
    /// The leg is up: starts recording and conversation, and runs both to
    /// their end.
    async fn converse(self, leg: Leg, is_trusted: bool) {
        self.reports.answered();
        let (heard_sender, heard) = mpsc::channel(HEARD);
        let (acts_sender, acts) = mpsc::channel(64);
        let (said_sender, said) = mpsc::channel(64);
        let cancel = CancellationToken::new();
        let line = Line {
            plan: Arc::clone(&self.plan),
            heard,
            acts: acts_sender,
            events: said_sender,
            cancel: cancel.clone(),
        };
        let talk = tokio::spawn(self.shared.talker.talk(line));
        let recording = record::begin(&leg, &self.plan);
        let call = Call {
            shared: self.shared,
            plan: self.plan,
            orders: self.orders,
            reports: self.reports,
            leg,
            is_trusted,
            answered_at: Instant::now(),
            recording,
            heard: Some(heard_sender),
            acts,
            said,
            talk,
            cancel,
            transfer: None,
            leaves: None,
        };
        call.run().await;
    }
}

impl Call {
    async fn run(mut self) {
        let reason = self.talk().await;
        self.hang_up(reason).await;
    }

    /// The conversation, until something ends it.
    async fn talk(&mut self) -> EndReason {
        let longest = self.answered_at + self.plan.max_duration.min(Duration::from_secs(7 * 86_400));
        let mut talking = true;
        loop {
            let ended = tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Order::HangUp(reason)) => Some(reason),
                    Some(Order::Leave { words, reason }) => {
                        self.leave(words, reason);
                        None
                    }
                    None => Some(EndReason::Error),
                },
                event = self.leg.next() => self.line_event(event).await,
                Some(act) = self.acts.recv() => self.act(act).await,
                Some(event) = self.said.recv() => {
                    self.say(event);
                    None
                }
                step = transfer::next(&mut self.transfer) => self.transfer_step(step).await,
                () = tokio::time::sleep_until(longest) => Some(EndReason::MaxDurationReached),
                reason = left(self.leaves) => Some(reason),
                _ = &mut self.talk, if talking => {
                    talking = false;
                    self.talk_over().await
                }
            };
            if let Some(reason) = ended {
                return reason;
            }
        }
    }

    /// Lets the agent say its last words; a transfer under way is given up.
    fn leave(&mut self, words: Arc<str>, reason: EndReason) {
        if self.leaves.is_none() {
            self.leaves = Some((Instant::now() + LAST_WORDS, reason));
            self.transfer = None;
            self.hear(Heard::Leave { words, reason });
        }
    }

    async fn line_event(&mut self, event: LegEvent) -> Option<EndReason> {
        match event {
            LegEvent::Audio(frame) => {
                if let Some(heard) = self.heard.as_ref().filter(|h| h.capacity() > RESERVED) {
                    let _gone = heard.try_send(Heard::Audio(frame));
                }
            }
            LegEvent::Digit(digit) => self.hear(Heard::Digit(digit)),
            LegEvent::Played { utterance, samples, finished } => {
                self.hear(Heard::Played { utterance, samples, finished });
            }
            LegEvent::DigitsSent => self.hear(Heard::DigitsSent),
            LegEvent::HeldByPeer(held) => self.held(held),
            LegEvent::Referred(request) => self.referred(request).await,
            LegEvent::ReferDone(outcome) => return self.refer_done(outcome),
            LegEvent::MediaTimeout => return Some(EndReason::MediaTimeout),
            LegEvent::Ended(end) => return Some(hangup::reason(&end)),
            LegEvent::Ringing
            | LegEvent::EarlyMedia
            | LegEvent::Answered
            | LegEvent::Held(_)
            | LegEvent::ReferProgress(_) => {}
        }
        None
    }

    async fn act(&mut self, act: Act) -> Option<EndReason> {
        match act {
            Act::Play { utterance, samples } => {
                self.leg.play(utterance, samples);
            }
            Act::Finish { utterance } => self.leg.finish(utterance),
            Act::Flush => self.leg.flush(),
            Act::SendDigits(digits) => self.send_digits(&digits),
            Act::Transfer { to } => self.transfer(&to).await,
            Act::HangUp(reason) => return Some(reason),
        }
        None
    }

    /// Passes on what the conversation has said.
    fn say(&self, event: ConversationEvent) {
        self.reports.send(match event {
            ConversationEvent::Turn(turn) => CallReport::Turn(turn),
            ConversationEvent::Exchange(exchange) => CallReport::Exchange(exchange),
        });
    }

    fn hear(&self, heard: Heard) {
        if let Some(sender) = &self.heard
            && let Err(mpsc::error::TrySendError::Full(_)) = sender.try_send(heard)
        {
            tracing::warn!(call.id = %self.plan.call_id, "the conversation does not keep up with its line");
        }
    }

    /// The conversation has returned; what it wanted last may still wait.
    async fn talk_over(&mut self) -> Option<EndReason> {
        while let Ok(act) = self.acts.try_recv() {
            if let Some(reason) = self.act(act).await {
                return Some(reason);
            }
        }
        tracing::error!(call.id = %self.plan.call_id, "the conversation ended before its call");
        Some(EndReason::Error)
    }
}
