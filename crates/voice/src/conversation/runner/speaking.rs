//! What the agent says, and what it does once that has been said.

use std::sync::Arc;

use offhook_model::{
    call::{Direction, EndReason},
    plan::Greeting,
};

use super::Runner;
use crate::{
    brain::BrainRequest,
    conversation::{
        answer::{Answer, Unsaid},
        mouth::Mouth,
    },
    line::{Act, UtteranceId},
    speech::{SpeechChunk, SpeechError},
    turn::{Input, Question, Ticks, TurnId},
};

/// The last packet has left, but the other side's jitter buffer still plays
/// what came before it: 200 ms.
const LINGER: Ticks = 10;

impl Runner {
    pub(super) fn greet(&mut self) {
        // Who is called speaks first.
        let listens = self.plan.direction == Direction::Outbound;
        match self.plan.greeting.clone() {
            Greeting::Silent => {}
            Greeting::Say(text) => {
                if let Some(turn) = self.machine.open(listens) {
                    self.tell(turn, &text, None);
                }
            }
            Greeting::FromBrain => {
                if let Some(turn) = self.machine.open(listens) {
                    self.answer = Some(Answer::new(turn));
                    self.ask(None);
                }
            }
        }
    }

    /// Says something of our own, then ends the call if `last` says why.
    /// False while the agent is busy.
    pub(super) fn announce(&mut self, text: &str, last: Option<EndReason>) -> bool {
        let Some(turn) = self.machine.announce() else { return false };
        self.tell(turn, text, last);
        true
    }

    /// Fills a turn with words of our own.
    fn tell(&mut self, turn: TurnId, text: &str, last: Option<EndReason>) {
        let mut answer = Answer::new(turn);
        answer.is_complete = true;
        answer.last_words = last.is_some();
        answer.after.hang_up = last;
        self.answer = Some(answer);
        self.say(text);
        self.close_mouth();
    }

    /// Says again what was lost: all of it, or what had not been heard.
    pub(super) fn say_again(&mut self, turn: TurnId, lost: TurnId, whole: bool, question: Option<Question>) {
        let mut answer = Answer::new(turn);
        if let Some(question) = question {
            answer.answers(&question);
            answer.asked = Some(self.asked(&question));
        }
        let unsaid = self.unsaid.take().filter(|unsaid| unsaid.turn == lost);
        let Some(Unsaid { text, heard, after, is_complete, request, .. }) = unsaid else {
            answer.brain_done = true;
            self.answer = Some(answer);
            return;
        };
        // Words that were never put together are asked for once more.
        if let Some(request) = request.filter(|_| whole && !is_complete) {
            answer.request = Some(BrainRequest { cancel: answer.cancel.clone(), ..request });
            self.answer = Some(answer);
            return self.ask_again();
        }
        answer.is_complete = true;
        answer.after = after;
        self.answer = Some(answer);
        self.say(text.get(if whole { 0 } else { heard }..).unwrap_or_default().trim_start());
        self.close_mouth();
    }

    pub(super) fn say(&mut self, text: &str) {
        let Some(answer) = &mut self.answer else { return };
        if !text.trim().is_empty() {
            answer.said_any = true;
            answer.on_words();
        }
        let (synthesizer, voice, utterance) = (&self.synthesizer, &self.plan.voice, &mut self.next_utterance);
        let mouth = answer.mouth.get_or_insert_with(|| {
            *utterance += 1;
            Mouth::new(Arc::clone(synthesizer), voice.clone(), UtteranceId(*utterance - 1))
        });
        mouth.say(text);
    }

    /// Says a sentence of its own, apart from what was half said before.
    pub(super) fn say_apart(&mut self, text: &str) {
        if let Some(mouth) = self.answer.as_mut().and_then(|answer| answer.mouth.as_mut()) {
            mouth.pause();
        }
        self.say(text);
        if let Some(mouth) = self.answer.as_mut().and_then(|answer| answer.mouth.as_mut()) {
            mouth.pause();
        }
    }

    /// The brain has said all of this turn.
    pub(super) fn close_mouth(&mut self) {
        let Some(answer) = &mut self.answer else { return };
        answer.brain_done = true;
        if let Some(mouth) = &mut answer.mouth {
            mouth.close();
        }
    }

    pub(super) fn on_speech(&mut self, chunk: Option<Result<SpeechChunk, SpeechError>>) {
        let Some(answer) = &mut self.answer else { return };
        let Some(mouth) = &mut answer.mouth else { return };
        let error = match chunk {
            Some(Ok(chunk)) => {
                let sounds = !chunk.samples.is_empty();
                mouth.take(Some(chunk));
                if sounds {
                    self.failures.tts = 0;
                    answer.on_sound();
                }
                return;
            }
            None => return mouth.take(None),
            Some(Err(error)) => error,
        };
        self.on_tts_failed(&error);
    }

    /// Gives the line what it can take, and goes on once all is said.
    pub(super) async fn act(&mut self) {
        if self.farewell && self.announce(self.phrases.goodbye, Some(EndReason::Error)) {
            self.farewell = false;
        }
        if let Some((words, reason)) = self.leave.clone()
            && self.announce(&words, Some(reason))
        {
            self.leave = None;
        }
        while let Some(answer) = &mut self.answer {
            if self.machine.is_holding() {
                break;
            }
            let Some(act) = answer.mouth.as_mut().and_then(Mouth::due) else { break };
            let (turn, first) = (answer.turn, answer.began.is_none());
            if first {
                answer.began = Some((self.clock)());
                self.report_asked();
                self.feed(Input::AgentSpeaks(turn)).await;
            }
            self.send(act).await;
        }
        let Some(answer) = &mut self.answer else { return };
        let spoken = answer.mouth.as_ref().is_none_or(Mouth::is_finished);
        if !answer.brain_done || !spoken || self.machine.is_stopping() {
            return;
        }
        match answer.sending_digits {
            Some(0) => answer.sending_digits = None,
            Some(_) => return,
            None => {}
        }
        let turn = answer.turn;
        let digits = std::mem::take(&mut answer.after.digits);
        if !digits.is_empty() {
            answer.sending_digits = Some(patience_for(&digits));
            self.report_asked();
            self.send(Act::SendDigits(digits)).await;
            return;
        }
        let leaves = answer.after.transfer || answer.after.hang_up.is_some();
        if leaves
            && answer.mouth.as_ref().is_some_and(Mouth::was_heard)
            && *answer.lingers.get_or_insert(LINGER) > 0
        {
            return;
        }
        let Some(answer) = self.answer.take() else { return };
        let (transfer, hang_up) = (answer.after.transfer, answer.after.hang_up);
        self.report(answer, false);
        match (hang_up, self.plan.transfer_number.clone().filter(|_| transfer)) {
            (Some(reason), _) => self.hang_up(reason).await,
            (None, Some(to)) => {
                self.feed(Input::AgentLeaves(turn)).await;
                self.send(Act::Transfer { to }).await;
            }
            (None, None) => self.feed(Input::AgentDone(turn)).await,
        }
    }
}

/// Ticks in which the line must have sent these keys: 160 ms each, half a
/// second a pause, and two seconds more.
fn patience_for(digits: &str) -> Ticks {
    let ticks = digits.chars().map(|c| if "wW,".contains(c) { 25 } else { 8 }).sum::<Ticks>();
    ticks + 100
}
