//! Questions to the brain, and what it answers.

use futures::StreamExt;
use offhook_model::call::EndReason;

use super::{BrainNews, Runner};
use crate::{
    brain::{BrainEvent, BrainRequest, CallerWords},
    conversation::{
        ConversationEvent,
        answer::{Answer, Asked},
    },
    turn::Question,
};

impl Runner {
    pub(super) fn on_question(&mut self, question: Question) {
        let mut answer = Answer::new(question.turn);
        answer.answers(&question);
        answer.asked = Some(self.asked(&question));
        self.answer = Some(answer);
        let mut words = question.words;
        let pressed = std::mem::take(&mut self.pressed);
        if !pressed.is_empty() {
            words.text = format!("{} [pressed {pressed}]", words.text);
        }
        self.ask(Some(words));
    }

    /// The caller's side of a question, for the transcript.
    pub(super) fn asked(&self, question: &Question) -> Asked {
        Asked { words: question.words.clone(), at: self.ago(question.began_ago) }
    }

    pub(super) fn ask(&mut self, words: Option<CallerWords>) {
        let Some(answer) = &mut self.answer else { return };
        let cancel = answer.cancel.clone();
        answer.request = Some(BrainRequest { words, history: self.history.clone(), cancel });
        self.ask_again();
    }

    pub(super) fn ask_again(&mut self) {
        let Some(answer) = &self.answer else { return };
        let Some(request) = answer.request.clone() else { return };
        let (turn, attempt) = (answer.turn, answer.attempt);
        let mut reply = self.brain.reply(request);
        let out = self.brain_out.clone();
        tokio::spawn(async move {
            while let Some(event) = reply.next().await {
                if out.send((turn, attempt, Some(event))).await.is_err() {
                    return;
                }
            }
            // The conversation may be over.
            let _ = out.send((turn, attempt, None)).await;
        });
    }

    pub(super) fn on_brain(&mut self, (turn, attempt, event): BrainNews) {
        // Exchanges happened, whatever became of their turn.
        let event = match event {
            Some(BrainEvent::Exchange(exchange)) => {
                self.outbox.push_back(ConversationEvent::Exchange(*exchange));
                return;
            }
            event => event,
        };
        let Some(answer) = self.answer.as_mut().filter(|a| a.turn == turn && a.attempt == attempt) else {
            return;
        };
        if answer.brain_done || answer.cancel.is_cancelled() {
            return;
        }
        match event {
            Some(BrainEvent::Say(text)) => self.say(&text),
            Some(BrainEvent::Pause) => {
                if let Some(mouth) = &mut answer.mouth {
                    mouth.pause();
                }
            }
            Some(BrainEvent::Digits(digits)) => answer.after.digits.push_str(&digits),
            Some(BrainEvent::Transfer) => answer.after.transfer = true,
            Some(BrainEvent::HangUp) => answer.after.hang_up = Some(EndReason::AgentHangup),
            Some(BrainEvent::Failed(error)) => self.on_brain_failed(&error),
            Some(BrainEvent::Exchange(_)) => {}
            None => {
                answer.is_complete = true;
                if !answer.failed {
                    self.failures.brain = 0;
                }
                self.close_mouth();
            }
        }
    }
}
