//! What the line and the recogniser say.

use std::time::Duration;

use offhook_media::Frame;
use offhook_model::plan::BrainPlan;

use super::{MAX_PRESSED, Runner};
use crate::{
    conversation::mouth::Mouth,
    line::{Heard, UtteranceId},
    speech::{SpeechError, SttEvent},
    turn::Input,
};

impl Runner {
    pub(super) async fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Audio(frame) => self.on_frame(frame).await,
            // The contract knows no event for keys (`voice-behaviour.md` §5): a
            // hosted model reads them with the caller's next words, else they are dropped.
            Heard::Digit(key) => {
                if matches!(self.plan.brain, BrainPlan::Hosted { .. }) && self.pressed.len() < MAX_PRESSED {
                    self.pressed.push(key);
                }
            }
            Heard::Played { utterance, samples, finished } => self.on_played(utterance, samples, finished),
            Heard::DigitsSent => {
                if let Some(answer) = &mut self.answer {
                    answer.sending_digits = answer.sending_digits.map(|_| 0);
                }
            }
            Heard::TransferFailed { reason } => {
                tracing::info!(call.id = %self.plan.call_id, reason, "transfer failed");
                self.feed(Input::AgentReturns).await;
                self.announce(self.phrases.not_transferred, None);
            }
            Heard::Leave { words, reason } => {
                // Who is saying goodbye already says only that.
                if self.answer.as_ref().is_none_or(|answer| !answer.last_words) {
                    self.farewell = false;
                    self.leave = Some((words, reason));
                    self.feed(Input::Closing).await;
                }
            }
            Heard::Held(held) => {
                self.is_held = held;
                self.feed(Input::Held(held)).await;
            }
        }
    }

    pub(super) async fn on_frame(&mut self, frame: Frame) {
        let speech = self.ear.listen(&frame);
        if self.machine.open_stretch().is_some() {
            self.ear.hear(frame);
        }
        self.feed(Input::Frame { speech, level: frame.rms() }).await;
        if let Some(answer) = &mut self.answer {
            answer.lingers = answer.lingers.map(|left| left.saturating_sub(1));
        }
        // While we are held nothing leaves, so nothing is late.
        let Some(answer) = self.answer.as_mut().filter(|_| !self.is_held) else { return };
        answer.sending_digits = answer.sending_digits.map(|left| left.saturating_sub(1));
        if answer.mouth.as_mut().is_some_and(Mouth::on_tick) {
            self.on_speech(Some(Err(SpeechError::Timeout {
                engine: self.synthesizer.name(),
                after: Duration::from_secs(6),
            })));
        }
    }

    pub(super) fn on_played(&mut self, utterance: UtteranceId, samples: u64, finished: bool) {
        let Some(answer) = &mut self.answer else { return };
        let Some(mouth) = answer.mouth.as_mut().filter(|mouth| mouth.utterance == utterance) else { return };
        mouth.on_played(samples, finished);
        if mouth.was_heard() {
            answer.on_packet();
        }
    }

    pub(super) async fn on_words(&mut self, event: Option<SttEvent>) {
        match event {
            Some(SttEvent::Partial { utterance, text, .. }) => {
                self.feed(Input::Partial { stretch: utterance, text }).await;
            }
            Some(SttEvent::Final { utterance, text, confidence }) => {
                if !text.trim().is_empty() {
                    self.failures.stt = 0;
                }
                self.feed(Input::Final { stretch: utterance, text, confidence }).await;
            }
            Some(SttEvent::Failed { utterance, error }) => {
                tracing::warn!(call.id = %self.plan.call_id, %error, "speech recognition failed");
                if utterance.is_none() {
                    self.on_ear_lost().await;
                } else {
                    self.feed(Input::SttFailed { stretch: utterance }).await;
                }
            }
            None => self.on_ear_lost().await,
        }
    }
}
