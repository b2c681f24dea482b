//! Reports of a call: in order, `Ended` last and once.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::FutureExt as _;
use offhook_model::{
    Timestamp,
    call::{CallInput, CallState, EndReason},
    id::CallId,
    report::{CallReport, Ended},
};
use tokio::{sync::mpsc, time::Instant};

use crate::engine::Shared;

/// The way to the host. The queue is unbounded, but a call has few reports: a
/// slow host must not stop the call.
#[derive(Clone)]
pub(super) struct Reports {
    sender: mpsc::UnboundedSender<Option<CallReport>>,
    progress: Arc<Mutex<Progress>>,
}

struct Progress {
    state: CallState,
    answered_at: Option<Instant>,
}

/// Starts the task that passes a call's reports on.
pub(super) fn start(shared: &Arc<Shared>, call: CallId) -> Reports {
    let (sender, mut queue) = mpsc::unbounded_channel::<Option<CallReport>>();
    let shared = Arc::clone(shared);
    let tasks = shared.tasks.clone();
    tasks.spawn(async move {
        while let Some(Some(report)) = queue.recv().await {
            let is_last = matches!(report, CallReport::Ended(_));
            if is_last {
                // Whoever hears of the end finds the call gone, and cannot end it again.
                shared.forget(&call);
            }
            let told = AssertUnwindSafe(shared.host.report(call.clone(), report)).catch_unwind().await;
            if told.is_err() {
                tracing::error!(call.id = %call, "the host panicked over a report");
            }
            if is_last {
                return;
            }
        }
    });
    let progress = Progress { state: CallState::Queued, answered_at: None };
    Reports { sender, progress: Arc::new(Mutex::new(progress)) }
}

impl Reports {
    /// The INVITE has left, or arrived.
    pub fn dialing(&self) {
        self.advance(CallInput::Dial);
    }

    /// 18x; only the first is reported.
    pub fn ringing(&self) {
        let before = self.state();
        if before != CallState::Ringing && self.advance(CallInput::Ring) {
            self.send(CallReport::Ringing { at: now() });
        }
    }

    /// 200.
    pub fn answered(&self) {
        if self.advance(CallInput::Answer) {
            self.lock().answered_at = Some(Instant::now());
            self.send(CallReport::Answered { at: now() });
        }
    }

    /// The end; a second one is ignored.
    pub fn ended(&self, reason: EndReason, talk_time: Duration, recording: Option<std::path::PathBuf>) {
        if self.advance(CallInput::End(reason)) {
            self.send(CallReport::Ended(Ended { reason, at: now(), talk_time, recording }));
        }
    }

    /// Anything else.
    pub fn send(&self, report: CallReport) {
        // The reporter only goes after the end.
        let _after_the_end = self.sender.send(Some(report));
    }

    /// The call's task is gone: if it did not report an end, it failed.
    pub fn close(&self) {
        let talk_time = self.lock().answered_at.map_or(Duration::ZERO, |at| at.elapsed());
        self.ended(EndReason::Error, talk_time, None);
        let _after_the_end = self.sender.send(None);
    }

    fn state(&self) -> CallState {
        self.lock().state
    }

    /// Takes an input if it fits.
    fn advance(&self, input: CallInput) -> bool {
        let mut progress = self.lock();
        match progress.state.on(input) {
            Ok(next) => {
                progress.state = next;
                true
            }
            Err(_) => false,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wall time in whole milliseconds: as records keep it.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
