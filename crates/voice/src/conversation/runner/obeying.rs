//! Carries out the machine's commands.

use offhook_model::call::EndReason;

use super::Runner;
use crate::{
    conversation::mouth::Mouth,
    line::Act,
    turn::{Command, Input},
};

impl Runner {
    /// Tells the machine, and does what it says.
    pub(super) async fn feed(&mut self, input: Input) {
        for command in self.machine.on(input) {
            self.obey(command).await;
        }
    }

    pub(super) async fn obey(&mut self, command: Command) {
        match command {
            Command::Begin { stretch } => self.ear.begin(stretch),
            Command::End { stretch } => self.ear.end(stretch),
            Command::Discard { stretch } => self.ear.discard(stretch),
            Command::Ask(question) => self.on_question(question),
            Command::Withdraw(turn) => {
                if let Some(mut answer) = self.answer.take_if(|answer| answer.turn == turn) {
                    answer.cancel.cancel();
                    self.unsaid = Some(answer.unsaid());
                    // Last words outlive every question.
                    if answer.last_words {
                        self.hang_up(EndReason::Error).await;
                    }
                }
            }
            Command::Interrupt(turn) => {
                self.send(Act::Flush).await;
                if let Some(answer) = self.answer.as_mut().filter(|answer| answer.turn == turn) {
                    answer.cancel.cancel();
                    answer.brain_done = true;
                    if let Some(mouth) = &mut answer.mouth {
                        mouth.stop();
                    }
                }
            }
            Command::Cut(turn) => {
                if let Some(mut answer) = self.answer.take_if(|answer| answer.turn == turn) {
                    let is_lost = answer.mouth.as_ref().is_none_or(Mouth::was_hardly_heard);
                    let ends = answer.last_words.then_some(answer.after.hang_up).flatten();
                    self.unsaid = Some(answer.unsaid());
                    self.report(answer, true);
                    if is_lost {
                        Box::pin(self.feed(Input::HardlyHeard(turn))).await;
                    }
                    if let Some(reason) = ends {
                        self.hang_up(reason).await;
                    }
                }
            }
            Command::SayAgain { turn, lost, whole, question } => self.say_again(turn, lost, whole, question),
            Command::Note { words, began_ago } => self.turn(words, self.ago(began_ago)),
            Command::NotHeard => {
                // A caller who is already speaking again needs no invitation.
                if self.count_stt_failure() && !self.machine.expects_words() {
                    self.announce(self.phrases.not_heard, None);
                }
            }
            Command::HangUp(reason) => self.hang_up(reason).await,
        }
    }
}
