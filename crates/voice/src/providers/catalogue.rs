//! The voices a client may choose (`GET /v1/agents/voices`), and what speaks for each.

use offhook_model::agent::DEFAULT_VOICE;

use super::{
    espeak::{EspeakStyle, voice_for},
    flite::{FliteStyle, FliteVoice},
};

/// A voice as clients see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoiceInfo {
    /// What an agent's `voice` names.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// `platform` or `polly`: whose naming the id follows, not who speaks.
    pub provider: &'static str,
    /// `female` or `male`.
    pub gender: &'static str,
    /// `American` or `British`.
    pub accent: &'static str,
    /// Who speaks English for it when speech is embedded.
    flite: FliteStyle,
    /// The variant of espeak-ng's voices for the other languages, and its pitch.
    variant: (&'static str, u8),
    /// The nearest voice of OpenAI's own service.
    openai: &'static str,
}

impl VoiceInfo {
    /// How flite speaks as this voice.
    #[must_use]
    pub fn flite(&self) -> FliteStyle {
        self.flite
    }

    /// How espeak-ng speaks a locale as this voice.
    #[must_use]
    pub fn espeak(&self, locale: &str) -> EspeakStyle {
        EspeakStyle { voice: voice_for(locale), variant: self.variant.0, pitch: self.variant.1 }
    }

    /// What to ask an OpenAI-shaped service for.
    #[must_use]
    pub fn openai(&self) -> &'static str {
        self.openai
    }
}

const fn polly(
    id: &'static str,
    name: &'static str,
    gender: &'static str,
    accent: &'static str,
    flite: FliteStyle,
    variant: (&'static str, u8),
    openai: &'static str,
) -> VoiceInfo {
    VoiceInfo { id, name, provider: "polly", gender, accent, flite, variant, openai }
}

const fn style(voice: FliteVoice, pitch: f32, size: f32) -> FliteStyle {
    FliteStyle { voice, pitch, size }
}

const FEMALE: &str = "female";
const MALE: &str = "male";
const AMERICAN: &str = "American";
const BRITISH: &str = "British";

/// The British voices come from the one recorded in Scotland.
static VOICES: [VoiceInfo; 14] = [
    VoiceInfo {
        id: DEFAULT_VOICE,
        name: "Skylar - Friendly Guide",
        provider: "platform",
        gender: FEMALE,
        accent: AMERICAN,
        flite: style(FliteVoice::Slt, 1.0, 1.0),
        variant: ("f2", 50),
        openai: "nova",
    },
    polly("Polly.Amy", "Amy", FEMALE, BRITISH, style(FliteVoice::Awb, 1.35, 1.16), ("f3", 55), "fable"),
    polly(
        "Polly.Joanna",
        "Joanna",
        FEMALE,
        AMERICAN,
        style(FliteVoice::Slt, 0.92, 0.94),
        ("f4", 44),
        "shimmer",
    ),
    polly("Polly.Emma", "Emma", FEMALE, BRITISH, style(FliteVoice::Awb, 1.55, 1.21), ("f5", 65), "coral"),
    polly("Polly.Salli", "Salli", FEMALE, AMERICAN, style(FliteVoice::Slt, 1.1, 1.06), ("linda", 50), "sage"),
    polly(
        "Polly.Kendra",
        "Kendra",
        FEMALE,
        AMERICAN,
        style(FliteVoice::Slt, 0.84, 0.97),
        ("steph", 40),
        "alloy",
    ),
    polly(
        "Polly.Kimberly",
        "Kimberly",
        FEMALE,
        AMERICAN,
        style(FliteVoice::Slt, 1.14, 0.97),
        ("f1", 60),
        "marin",
    ),
    polly("Polly.Ivy", "Ivy", FEMALE, AMERICAN, style(FliteVoice::Slt, 1.22, 1.13), ("anika", 80), "ballad"),
    polly("Polly.Matthew", "Matthew", MALE, AMERICAN, style(FliteVoice::Rms, 1.0, 1.0), ("m3", 50), "onyx"),
    polly("Polly.Joey", "Joey", MALE, AMERICAN, style(FliteVoice::Rms, 1.15, 1.06), ("m1", 60), "echo"),
    polly("Polly.Justin", "Justin", MALE, AMERICAN, style(FliteVoice::Rms, 1.4, 1.15), ("m7", 75), "verse"),
    polly("Polly.Stephen", "Stephen", MALE, AMERICAN, style(FliteVoice::Kal16, 1.0, 1.0), ("m4", 45), "ash"),
    polly("Polly.Brian", "Brian", MALE, BRITISH, style(FliteVoice::Awb, 1.0, 1.0), ("m2", 36), "cedar"),
    polly("Polly.Arthur", "Arthur", MALE, BRITISH, style(FliteVoice::Awb, 0.85, 0.93), ("m5", 25), "echo"),
];

/// Every voice; the default is the first.
#[must_use]
pub fn voices() -> &'static [VoiceInfo] {
    &VOICES
}

/// The voice of an id; of an unknown one, the default.
#[must_use]
pub fn resolve(id: &str) -> &'static VoiceInfo {
    VOICES.iter().find(|voice| voice.id == id).unwrap_or(&VOICES[0])
}

#[cfg(test)]
mod tests;
