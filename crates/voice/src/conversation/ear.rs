//! The caller's audio on its way to the recogniser.

use std::{collections::VecDeque, sync::Arc};

use offhook_media::{Frame, vad::Vad};
use offhook_model::plan::{BrainPlan, CallPlan, Greeting};
use tokio::sync::mpsc::error::TrySendError;

use crate::speech::{Recognizer, RecognizerSettings, SttEvent, SttInput, SttStream};

/// Frames before the onset that belong to it: 300 ms.
const PRE_ROLL: usize = 15;
/// Names given to the recogniser.
const MAX_HINTS: usize = 100;

/// Detector, pre-roll and recogniser of one call.
pub(super) struct Ear {
    recognizer: Arc<dyn Recognizer>,
    settings: RecognizerSettings,
    stream: SttStream,
    vad: Box<dyn Vad>,
    before: VecDeque<Frame>,
    /// Given up: nothing more is expected of it.
    is_closed: bool,
}

impl Ear {
    pub(super) fn new(recognizer: Arc<dyn Recognizer>, vad: Box<dyn Vad>, plan: &CallPlan) -> Self {
        let settings = RecognizerSettings {
            language: plan.voice.language.clone(),
            mode: plan.stt_mode,
            hints: hints(plan),
        };
        let stream = recognizer.open(settings.clone());
        Self {
            recognizer,
            settings,
            stream,
            vad,
            before: VecDeque::with_capacity(PRE_ROLL),
            is_closed: false,
        }
    }

    /// A new stream, after the old one was lost.
    pub(super) fn reopen(&mut self) {
        self.stream = self.recognizer.open(self.settings.clone());
    }

    /// Gives the recogniser up, so that its death is not heard of for ever.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Probability of speech; the frame is kept as pre-roll.
    pub(super) fn listen(&mut self, frame: &Frame) -> f32 {
        if self.before.len() == PRE_ROLL {
            self.before.pop_front();
        }
        self.before.push_back(*frame);
        self.vad.push(frame)
    }

    /// The next frame of an open stretch.
    pub(super) fn hear(&self, frame: Frame) {
        // An engine that lags loses frames; its stretch ends all the same.
        if let Err(TrySendError::Full(_)) = self.stream.input.try_send(SttInput::Audio(frame)) {
            metrics::counter!("offhook_stt_frames_dropped_total").increment(1);
        }
    }

    /// Opens a stretch with the frames before it.
    pub(super) fn begin(&mut self, utterance: u64) {
        self.tell(SttInput::Begin { utterance });
        for frame in std::mem::take(&mut self.before) {
            self.hear(frame);
        }
    }

    /// Asks for the words of a stretch.
    pub(super) fn end(&self, utterance: u64) {
        self.tell(SttInput::End { utterance });
    }

    /// Takes a stretch back.
    pub(super) fn discard(&self, utterance: u64) {
        self.tell(SttInput::Discard { utterance });
    }

    /// What an engine cannot take is missed when its words do not come.
    fn tell(&self, input: SttInput) {
        if self.stream.input.try_send(input).is_err() {
            tracing::warn!(engine = self.recognizer.name(), "the recogniser lags or is gone");
        }
    }

    /// What the recogniser says next; none when it is gone.
    pub(super) async fn next(&mut self) -> Option<SttEvent> {
        if self.is_closed {
            return std::future::pending().await;
        }
        self.stream.events.recv().await
    }
}

/// Names: capitalised words of greeting and prompt that do not begin a sentence.
fn hints(plan: &CallPlan) -> Vec<String> {
    let prompt = match &plan.brain {
        BrainPlan::Hosted { system_prompt, .. } => system_prompt.as_str(),
        BrainPlan::Webhook { .. } => "",
    };
    let greeting = match &plan.greeting {
        Greeting::Say(text) => text.as_str(),
        Greeting::Silent | Greeting::FromBrain => "",
    };
    let mut found: Vec<String> = plan.agent_name.split_whitespace().map(str::to_owned).collect();
    for text in [greeting, prompt] {
        let mut begins = true;
        for word in text.split_whitespace() {
            let name = word.trim_matches(|c: char| !c.is_alphanumeric());
            let is_name = !begins && name.chars().count() > 2 && name.starts_with(char::is_uppercase);
            if is_name && found.len() < MAX_HINTS && !found.iter().any(|known| known == name) {
                found.push(name.to_owned());
            }
            begins = word.ends_with(['.', '!', '?', ':']);
        }
    }
    found
}
