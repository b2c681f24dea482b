//! The end of a conversation: nothing said or heard before it is lost.

use std::time::Duration;

use tokio::time::timeout;

use super::{ConversationEvent, Runner};
use crate::{
    brain::BrainEvent,
    conversation::answer::tick_time,
    line::Heard,
    speech::SttEvent,
    turn::{Command, Input},
};

/// How long the caller's last words, and exchanges that are cut short, may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

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
            self.report(answer, false);
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
            let at = (self.clock)();
            self.turn(words, at.checked_sub(tick_time(ago)).unwrap_or(at));
        }
        // Interrupted exchanges report themselves as soon as they notice.
        let Self { mut brain_in, brain_out, .. } = self;
        drop(brain_out);
        let _ = timeout(LAST_WORDS, async {
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
            if let Command::Ask(question) = command {
                let at = (self.clock)();
                let at = at.checked_sub(tick_time(question.began_ago)).unwrap_or(at);
                self.turn(question.words, at);
            }
        }
    }
}
