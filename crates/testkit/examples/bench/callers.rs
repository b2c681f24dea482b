//! Doubles with known delays, and people who speak.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use offhook_sim::{script::Script, speech::SpeechCache};
use offhook_testkit::{
    doubles::{
        chat::{ChatDouble, ChatReply, ChatScript},
        speech::{Speaker, SpeechDouble, SpeechManner},
        transcription::{TranscriptionDouble, TranscriptionFault},
    },
    judge::{activity, likeness::Phrasebook},
};
use offhook_voice::providers::embedded::Embedded;

/// Rate of all audio here, samples per millisecond.
pub const PER_MS: usize = 16;
pub const RATE: u32 = 16_000;

/// What each double takes to answer.
pub const STT: Duration = Duration::from_millis(100);
pub const MODEL: Duration = Duration::from_millis(100);
pub const TTS: Duration = Duration::from_millis(100);

/// Level that counts as speech at the start or end of a phrase: -40 dB of full
/// scale, 30 dB below its peaks.
const AUDIBLE: f64 = 0.01;

const VOICES: [&str; 2] = ["Polly.Matthew", "Polly.Joanna"];
const PHRASES: [&str; 6] = [
    "What are your opening hours today",
    "Can you tell me where you are",
    "Please give me the price of a cake",
    "Do you deliver to my house",
    "I want to change my order",
    "How long does that usually take",
];

/// The services around the server.
pub struct Doubles {
    chat: ChatDouble,
    ears: TranscriptionDouble,
    voice: SpeechDouble,
}

impl Doubles {
    /// A model that always says `answer`, in the voice of `speaker`, for up to
    /// `turns` turns of callers.
    pub async fn start(answer: &str, speaker: Option<Speaker>, turns: usize) -> Result<Self> {
        let reply = ChatReply::say_slowly(answer, MODEL, Duration::ZERO);
        let chat = ChatDouble::start(ChatScript::default().otherwise(reply)).await?;
        let ears = TranscriptionDouble::start(Phrasebook::default()).await?;
        ears.set_latency(STT);
        for _ in 0..turns {
            // Given words cost no recognition: what is measured is the platform.
            ears.fail_next(TranscriptionFault::Words("What are your opening hours?".to_owned()));
        }
        let voice = match speaker {
            Some(speaker) => SpeechDouble::start_with(speaker).await?,
            None => SpeechDouble::start().await?,
        };
        voice.set_manner(SpeechManner { first_byte: TTS, ..SpeechManner::default() });
        Ok(Self { chat, ears, voice })
    }

    /// Settings that make a server use them.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LLM__BASE_URL", self.chat.base_url()),
            ("LLM__BALANCED", "double".to_owned()),
            ("STT__PROVIDER", "openai".to_owned()),
            ("STT__BASE_URL", self.ears.base_url()),
            ("TTS__PROVIDER", "openai".to_owned()),
            ("TTS__BASE_URL", self.voice.base_url()),
        ]
    }
}

/// A phrase as a caller says it, spoken by flite.
#[derive(Clone)]
pub struct Phrase {
    pub audio: Arc<[i16]>,
    /// First and last audible samples.
    pub onset: usize,
    pub end: usize,
}

/// Different phrases in different voices.
pub async fn phrases() -> Result<Vec<Phrase>> {
    let speech = SpeechCache::new(Arc::new(Embedded));
    let mut phrases = Vec::new();
    for text in PHRASES {
        for voice in VOICES {
            let audio = speech.speech(&Script::new(voice), text).await?;
            let onset = activity::first_sound(&audio, AUDIBLE).unwrap_or_default();
            let end = activity::last_sound(&audio, AUDIBLE).unwrap_or(audio.len());
            phrases.push(Phrase { audio, onset, end });
        }
    }
    Ok(phrases)
}

/// A telephone number for a caller.
pub fn number(caller: usize) -> String {
    format!("+14155550{:03}", 100 + caller % 100)
}
