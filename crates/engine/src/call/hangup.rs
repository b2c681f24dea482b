//! The end: BYE, the last words, the recording, the report.

use std::time::Duration;

use offhook_model::call::EndReason;
use offhook_sip::cause;

use super::Call;
use crate::leg::LegEnd;

/// How long the conversation may take to report its last words: longer than
/// it gives recognition and the exchange under way together.
const LAST_WORDS: Duration = Duration::from_secs(6);

/// Why a call ended, from how its leg did.
pub(super) fn reason(end: &LegEnd) -> EndReason {
    match end {
        LegEnd::PeerHangup => EndReason::UserHangup,
        LegEnd::LocalHangup => EndReason::AgentHangup,
        LegEnd::Cancelled => EndReason::CallerCancelled,
        LegEnd::Refused(status) => cause::end_reason(*status, false),
        LegEnd::RingTimeout => EndReason::DialNoAnswer,
        LegEnd::Lost => EndReason::MediaTimeout,
        LegEnd::Rejected(_) | LegEnd::Fault(_) => EndReason::Error,
    }
}

impl Call {
    /// Ends everything and reports it.
    pub(super) async fn hang_up(mut self, reason: EndReason) {
        let talk_time = self.answered_at.elapsed();
        match cause::reason_header(reason) {
            Some(header) => self.leg.hang_up_because(header),
            None => self.leg.hang_up(),
        }
        self.transfer = None;
        // Closing its ears ends the conversation; it still reports what was
        // being said.
        self.heard = None;
        let last_words = async {
            while let Some(event) = self.said.recv().await {
                self.say(event);
            }
        };
        if tokio::time::timeout(LAST_WORDS, last_words).await.is_err() {
            tracing::warn!(call.id = %self.plan.call_id, "the conversation did not end in time");
        }
        self.cancel.cancel();
        self.talk.abort();
        let recording = self.finish_recording().await;
        tracing::info!(
            call.id = %self.plan.call_id,
            reason = reason.as_str(),
            duration_ms = u64::try_from(talk_time.as_millis()).unwrap_or(u64::MAX),
            "call over"
        );
        self.reports.ended(reason, talk_time, recording);
    }
}
