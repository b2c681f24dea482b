//! One utterance of the agent: clauses in, paced audio out, and what was heard of it.

use std::{collections::VecDeque, sync::Arc};

use futures::{StreamExt, stream::BoxStream};
use offhook_media::frame::FRAME_SAMPLES;
use offhook_model::plan::VoicePlan;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::clauses::Clauses;
use crate::{
    line::{Act, UtteranceId},
    speech::{SpeakRequest, SpeechChunk, SpeechError, Synthesizer, TextMark},
    turn::{Ticks, heard::SpokenText, opening::was_hardly_heard},
};

/// Audio kept ahead of what was played: one second.
const AHEAD: u64 = 16_000;
/// The synthesiser is not asked for more while this waits here: two seconds.
const ENOUGH: usize = 32_000;
/// A synthesiser that owes audio may be silent this long: 6 s.
const PATIENCE: Ticks = 300;
/// Beyond the length of what is queued the line may take this long to report its end: 2 s.
const GRACE: Ticks = 100;

type Chunks = BoxStream<'static, Result<SpeechChunk, SpeechError>>;

/// See the module's description.
pub(super) struct Mouth {
    synthesizer: Arc<dyn Synthesizer>,
    voice: VoicePlan,
    pub utterance: UtteranceId,
    clauses: Clauses,
    spoken: SpokenText,
    text: Option<mpsc::UnboundedSender<String>>,
    /// None once the synthesiser has said all.
    chunks: Option<Chunks>,
    cancel: CancellationToken,
    /// Where the current run of the synthesiser began: it restarts after a failure.
    base: TextMark,
    made: u64,
    queue: VecDeque<i16>,
    pub sent: u64,
    played: u64,
    no_more_text: bool,
    finish_sent: bool,
    finished: bool,
    /// Cut off: what the line says of its end is not the text's end.
    stopped: bool,
    /// Ticks for which something owed did not come.
    waited: Ticks,
    pub retried: bool,
}

impl Mouth {
    pub(super) fn new(synthesizer: Arc<dyn Synthesizer>, voice: VoicePlan, utterance: UtteranceId) -> Self {
        let mut mouth = Self {
            synthesizer,
            voice,
            utterance,
            clauses: Clauses::default(),
            spoken: SpokenText::default(),
            text: None,
            chunks: None,
            cancel: CancellationToken::new(),
            base: TextMark { at_sample: 0, text_bytes: 0 },
            made: 0,
            queue: VecDeque::new(),
            sent: 0,
            played: 0,
            no_more_text: false,
            finish_sent: false,
            finished: false,
            stopped: false,
            waited: 0,
            retried: false,
        };
        mouth.open();
        mouth
    }

    fn open(&mut self) {
        self.cancel.cancel();
        self.cancel = CancellationToken::new();
        let (text, mut clauses) = mpsc::unbounded_channel();
        let request = SpeakRequest {
            text: futures::stream::poll_fn(move |context| clauses.poll_recv(context)).boxed(),
            voice: self.voice.id.clone(),
            language: self.voice.language.clone(),
            speed: self.voice.speed,
            cancel: self.cancel.clone(),
        };
        self.chunks = Some(self.synthesizer.speak(request));
        self.text = (!self.no_more_text).then_some(text.clone());
        self.base = TextMark { at_sample: self.made, text_bytes: self.spoken.sounded_bytes() };
        self.waited = 0;
        let rest = &self.spoken.text()[self.base.text_bytes..];
        if !rest.is_empty() {
            // The receiver lives in the stream just made.
            let _ = text.send(rest.to_owned());
        }
    }

    /// Takes the next words.
    pub(super) fn say(&mut self, text: &str) {
        for clause in self.clauses.push(text) {
            self.speak(clause);
        }
    }

    /// What was said so far is spoken without waiting for more.
    pub(super) fn pause(&mut self) {
        if let Some(clause) = self.clauses.flush() {
            self.speak(clause);
        }
    }

    /// No more words will come.
    pub(super) fn close(&mut self) {
        self.pause();
        self.no_more_text = true;
        self.text = None;
    }

    fn speak(&mut self, clause: String) {
        self.spoken.push(&clause);
        if let Some(text) = &self.text {
            let _ = text.send(clause);
        }
    }

    /// The next piece of speech; waits for ever when none is wanted.
    pub(super) async fn next(&mut self) -> Option<Result<SpeechChunk, SpeechError>> {
        match &mut self.chunks {
            Some(chunks) if self.queue.len() < ENOUGH => chunks.next().await,
            _ => std::future::pending().await,
        }
    }

    /// Takes a piece of speech, or its end.
    pub(super) fn take(&mut self, chunk: Option<SpeechChunk>) {
        self.waited = 0;
        let Some(chunk) = chunk else {
            self.chunks = None;
            // An engine that ends in peace has said it all, marks or not.
            self.spoken.mark(TextMark { at_sample: self.made, text_bytes: self.spoken.text().len() });
            return;
        };
        self.made += chunk.samples.len() as u64;
        self.queue.extend(chunk.samples);
        for mark in chunk.marks {
            self.spoken.mark(TextMark {
                at_sample: self.base.at_sample.saturating_add(mark.at_sample),
                text_bytes: self.base.text_bytes.saturating_add(mark.text_bytes),
            });
        }
    }

    /// Speaks the rest anew, after a failure.
    pub(super) fn retry(&mut self) {
        self.retried = true;
        self.open();
    }

    /// Leaves the rest unsaid.
    pub(super) fn give_up(&mut self) {
        self.cancel.cancel();
        self.chunks = None;
        self.close();
    }

    /// Stops at once; what is queued is dropped.
    pub(super) fn stop(&mut self) {
        self.give_up();
        self.queue.clear();
        self.finish_sent = true;
        self.stopped = true;
    }

    /// What the line can take now.
    pub(super) fn due(&mut self) -> Option<Act> {
        let room = AHEAD.saturating_sub(self.sent - self.played);
        let count = self.queue.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let done = self.chunks.is_none();
        if count >= FRAME_SAMPLES || (count > 0 && done) {
            let samples: Vec<i16> = self.queue.drain(..count).collect();
            self.sent += count as u64;
            return Some(Act::Play { utterance: self.utterance, samples });
        }
        if done && self.no_more_text && self.queue.is_empty() && self.sent > 0 && !self.finish_sent {
            self.finish_sent = true;
            self.waited = 0;
            return Some(Act::Finish { utterance: self.utterance });
        }
        None
    }

    /// The line has played this far.
    pub(super) fn on_played(&mut self, samples: u64, finished: bool) {
        self.played = self.played.max(samples.min(self.sent));
        self.finished |= finished && self.finish_sent && !self.stopped;
    }

    /// A tick has passed. True when the synthesiser owes audio for too long.
    pub(super) fn on_tick(&mut self) -> bool {
        if self.stopped {
            return false;
        }
        if self.finish_sent {
            self.waited += 1;
            let left = (self.sent - self.played) / FRAME_SAMPLES as u64;
            // A line that forgot to report the end must not hold the call.
            self.finished |= self.waited > left + GRACE;
            return false;
        }
        let owes = self.chunks.is_some()
            && self.queue.len() < ENOUGH
            && (self.no_more_text || self.spoken.sounded_bytes() < self.spoken.text().len());
        self.waited = if owes { self.waited + 1 } else { 0 };
        self.waited > PATIENCE
    }

    /// Whether everything has been said and has left.
    pub(super) fn is_finished(&self) -> bool {
        let nothing_to_say =
            self.no_more_text && self.chunks.is_none() && self.queue.is_empty() && self.sent == 0;
        self.finished || nothing_to_say
    }

    /// The words that were heard.
    pub(super) fn heard(&self) -> String {
        let played = if self.finished { self.made } else { self.played };
        self.spoken.heard(played).to_owned()
    }

    /// All words it was given, and how many bytes of them were heard.
    pub(super) fn text(&self) -> (String, usize) {
        (format!("{}{}", self.spoken.text(), self.clauses.rest()), self.heard().len())
    }

    /// Whether hardly anything of it was heard.
    pub(super) fn was_hardly_heard(&self) -> bool {
        let (text, heard) = self.text();
        was_hardly_heard(self.played, heard, text.trim_end().len())
    }

    /// Whether sound has left.
    pub(super) fn was_heard(&self) -> bool {
        self.played > 0 || self.finished
    }
}

impl Drop for Mouth {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
