//! The end of a conversation: nothing said or heard before it is lost.

use std::time::Duration;

use tokio::time::timeout;

use super::{ConversationEvent, Runner};
use crate::{
    brain::BrainEvent,
    line::Heard,
    speech::SttEvent,
    turn::{Command, Input, Question},
};

/// How long recognition of the caller's last words may take: nobody waits for
/// it, and services that take whole utterances need a second or two.
const LAST_WORDS: Duration = Duration::from_secs(4);
/// How long exchanges that are cut short may take to report themselves.
const LAST_EXCHANGES: Duration = Duration::from_secs(1);

impl Runner {
    /// The call is over: stops everything and reports what is left, the
    /// caller's last words included.
    pub(super) async fn finish(mut self) {
        let last = self.answer.take();
        if let Some(mut answer) = last {
            answer.cancel.cancel();
            // Positions that were already on their way.
            while let Ok(heard) = self.heard.try_recv() {
                if let (Heard::Played { utterance, samples, finished }, Some(mouth)) =
                    (heard, &mut answer.mouth)
                    && mouth.utterance == utterance
                {
                    mouth.on_played(samples, finished);
                }
            }
            let turn = answer.turn;
            let interrupted = self.machine.is_stopping();
            self.report(answer, interrupted);
            // Its question is reported and must not be asked again.
            self.conclude(Input::AgentDone(turn));
        }
        if let Some(stretch) = self.machine.open_stretch() {
            self.conclude(Input::Held(true));
            self.ear.end(stretch);
        }
        let _ = timeout(LAST_WORDS, async {
            while self.machine.expects_words() {
                match self.ear.next().await {
                    Some(SttEvent::Final { utterance, text, confidence }) => {
                        self.conclude(Input::Final { stretch: utterance, text, confidence });
                    }
                    Some(SttEvent::Failed { utterance, .. }) => {
                        self.conclude(Input::SttFailed { stretch: utterance });
                    }
                    Some(SttEvent::Partial { .. }) => {}
                    None => break,
                }
            }
        })
        .await;
        if let Some((words, ago)) = self.machine.take_said() {
            self.turn(words, self.ago(ago));
        }
        // Interrupted exchanges report themselves as soon as they notice.
        let Self { mut brain_in, brain_out, .. } = self;
        drop(brain_out);
        let _ = timeout(LAST_EXCHANGES, async {
            while let Some((_, _, event)) = brain_in.recv().await {
                if let Some(BrainEvent::Exchange(exchange)) = event {
                    self.outbox.push_back(ConversationEvent::Exchange(*exchange));
                }
            }
        })
        .await;
        for event in self.outbox {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }

    /// Tells the machine of an ended call. A question is only written down:
    /// nobody is there to hear the answer.
    fn conclude(&mut self, input: Input) {
        for command in self.machine.on(input) {
            match command {
                Command::Ask(Question { words, began_ago, .. })
                | Command::SayAgain { question: Some(Question { words, began_ago, .. }), .. }
                | Command::Note { words, began_ago } => self.turn(words, self.ago(began_ago)),
                _ => {}
            }
        }
    }
}
