//! Engines that fail: a second try, an apology, and after three failures of
//! one kind in a row a goodbye.

use offhook_model::call::EndReason;

use super::{PATIENCE, Runner};
use crate::{brain::BrainError, speech::SpeechError, turn::Input};

impl Runner {
    pub(super) fn on_brain_failed(&mut self, error: &BrainError) {
        tracing::warn!(call.id = %self.plan.call_id, brain = error.brain, reason = error.reason, "brain failed");
        metrics::counter!("offhook_brain_failures_total", "brain" => error.brain).increment(1);
        self.failures.brain += 1;
        let Some(answer) = &mut self.answer else { return };
        answer.failed = true;
        if self.failures.brain >= PATIENCE {
            answer.last_words = true;
            answer.after.hang_up = Some(EndReason::Error);
            self.say_apart(self.phrases.goodbye);
        } else if answer.attempt == 0 && !answer.said_any {
            answer.attempt = 1;
            answer.failed = false;
            self.say_apart(self.phrases.moment);
            self.ask_again();
            return;
        } else {
            self.say_apart(self.phrases.trouble);
        }
        self.close_mouth();
    }

    /// Speaks the rest anew, leaves it unsaid, or ends the call.
    pub(super) fn on_tts_failed(&mut self, error: &SpeechError) {
        tracing::warn!(call.id = %self.plan.call_id, %error, "speech synthesis failed");
        metrics::counter!("offhook_tts_failures_total").increment(1);
        self.failures.tts += 1;
        let Some(answer) = &mut self.answer else { return };
        let Some(mouth) = &mut answer.mouth else { return };
        if self.failures.tts >= PATIENCE {
            // Nothing more can be said, so nothing more is.
            mouth.give_up();
            answer.brain_done = true;
            answer.cancel.cancel();
            answer.last_words = true;
            answer.after.hang_up = Some(EndReason::Error);
        } else if mouth.retried {
            mouth.give_up();
        } else {
            mouth.retry();
        }
    }

    /// The recogniser's stream is gone; a new one is opened, unless that was
    /// the last try.
    pub(super) async fn on_ear_lost(&mut self) {
        let expected = self.machine.expects_words();
        if self.failures.stt + 1 < PATIENCE {
            self.ear.reopen();
        } else {
            self.ear.close();
        }
        self.feed(Input::SttFailed { stretch: None }).await;
        if !expected {
            // Nobody lost words, so nobody hears an apology.
            self.count_stt_failure();
        }
    }

    /// Counts, and gives the call up when nothing can be understood. False then.
    pub(super) fn count_stt_failure(&mut self) -> bool {
        metrics::counter!("offhook_stt_failures_total").increment(1);
        self.failures.stt += 1;
        if self.failures.stt < PATIENCE {
            return true;
        }
        self.farewell = true;
        false
    }
}
