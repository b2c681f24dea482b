//! Agents: who answers a call, and how (contract §1).

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    e164::E164,
    id::{AccountId, AgentId},
    tool::CustomTool,
};

/// The voice of agents that name none: "Skylar - Friendly Guide" (contract C15).
pub const DEFAULT_VOICE: &str = "custom_voice_ea22ba5fdfaa18f39c274851c1";
/// Default of `maxSilenceMs`: ten minutes.
pub const DEFAULT_MAX_SILENCE_MS: u32 = 600_000;
/// Default of `interruptionSensitivity`.
pub const DEFAULT_INTERRUPTION_SENSITIVITY: f64 = 0.8;
/// Default of `language`.
pub const DEFAULT_LANGUAGE: &str = "en-US";

/// The locales an agent may speak (contract §1.2).
pub const LOCALES: [&str; 63] = [
    "af-ZA", "ar-SA", "az-AZ", "bg-BG", "bs-BA", "ca-ES", "cs-CZ", "cy-GB", "da-DK", "de-DE", "el-GR",
    "en-AU", "en-GB", "en-IN", "en-NZ", "en-US", "es-419", "es-ES", "fa-IR", "fi-FI", "fil-PH", "fr-CA",
    "fr-FR", "gl-ES", "he-IL", "hi-IN", "hr-HR", "hu-HU", "hy-AM", "id-ID", "is-IS", "it-IT", "ja-JP",
    "kk-KZ", "kn-IN", "ko-KR", "lt-LT", "lv-LV", "mk-MK", "mr-IN", "ms-MY", "ne-NP", "nl-BE", "nl-NL",
    "no-NO", "pl-PL", "pt-BR", "pt-PT", "ro-RO", "ru-RU", "sk-SK", "sl-SI", "sr-RS", "sv-SE", "sw-KE",
    "ta-IN", "th-TH", "tr-TR", "uk-UA", "ur-IN", "vi-VN", "yue-CN", "zh-CN",
];

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every word of the contract, in its order.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The contract's word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the contract's word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        // utoipa's derive does not see a `rename` that comes out of a macro.
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                ::utoipa::openapi::ObjectBuilder::new()
                    .schema_type(::utoipa::openapi::schema::Type::String)
                    .description(Some(concat!($($doc),*).trim()))
                    .enum_values(Some(Self::WORDS.iter().copied()))
                    .into()
            }
        }

        impl ::utoipa::ToSchema for $name {}
    )*};
}
pub(crate) use words;

words! {
    /// Who thinks during a call.
    VoiceMode {
        /// The developer's server, asked turn by turn.
        #[default] Webhook = "webhook",
        /// The built-in model with the agent's `systemPrompt`.
        Hosted = "hosted",
    }
    /// Quality against latency of the hosted model; each maps to a configured model name.
    ModelTier {
        /// Fastest.
        Turbo = "turbo",
        /// A good mix.
        #[default] Balanced = "balanced",
        /// Strongest.
        Max = "max",
    }
    /// Recognition latency against accuracy.
    SttMode {
        /// Lowest latency.
        #[default] Fast = "fast",
        /// About 200 ms later, better with names and numbers.
        Accurate = "accurate",
    }
    /// Background sound mixed under the agent.
    AmbientSound {
        /// No background.
        #[default] None = "none",
        /// An office.
        Office = "office",
        /// A café.
        CoffeeShop = "coffee-shop",
        /// Outside.
        Outdoor = "outdoor",
    }
    /// Cleaning of the caller's audio.
    DenoisingMode {
        /// Noise only.
        #[default] NoiseCancellation = "noise-cancellation",
        /// Noise and other talkers.
        NoiseAndBackgroundSpeech = "noise-and-background-speech-cancellation",
    }
}

/// Everything a client may set on an agent, defaults applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentSettings {
    /// 1 to 200 characters, trimmed.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Who thinks.
    pub voice_mode: VoiceMode,
    /// The hosted model's instructions.
    pub system_prompt: Option<String>,
    /// Greeting on connect.
    pub begin_message: Option<String>,
    /// Voice id; unknown ids fall back to the default at call time.
    pub voice: String,
    /// Which configured model serves hosted calls.
    pub model_tier: ModelTier,
    /// Recognition mode.
    pub stt_mode: SttMode,
    /// Background sound.
    pub ambient_sound: AmbientSound,
    /// Cleaning of the caller's audio.
    pub denoising_mode: DenoisingMode,
    /// Where a transfer goes; `+1` only.
    pub transfer_number: Option<E164>,
    /// Spoken to an answering machine, up to 1000 characters.
    pub voicemail_message: Option<String>,
    /// Who is calling, for screening assistants; up to 100 characters.
    pub call_screening_identity: Option<String>,
    /// Why, for screening assistants; up to 300 characters.
    pub call_screening_purpose: Option<String>,
    /// Hang up after this long without caller speech; 10 000 to 3 600 000.
    pub max_silence_ms: u32,
    /// Speech rate, 0.5 to 2.0.
    pub voice_speed: f64,
    /// 0 never interrupt, 1 at the first sound.
    pub interruption_sensitivity: f64,
    /// Short acknowledgements while the caller speaks.
    pub enable_backchannel: bool,
    /// Hosted agents may send and read texts during a call.
    pub enable_messaging: bool,
    /// One of [`LOCALES`].
    pub language: String,
    /// HTTP tools of the hosted model, at most 20.
    pub custom_tools: Vec<CustomTool>,
}

impl AgentSettings {
    /// An agent with this name and every default of contract §1.2.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            voice_mode: VoiceMode::default(),
            system_prompt: None,
            begin_message: None,
            voice: DEFAULT_VOICE.to_owned(),
            model_tier: ModelTier::default(),
            stt_mode: SttMode::default(),
            ambient_sound: AmbientSound::default(),
            denoising_mode: DenoisingMode::default(),
            transfer_number: None,
            voicemail_message: None,
            call_screening_identity: None,
            call_screening_purpose: None,
            max_silence_ms: DEFAULT_MAX_SILENCE_MS,
            voice_speed: 1.0,
            interruption_sensitivity: DEFAULT_INTERRUPTION_SENSITIVITY,
            enable_backchannel: true,
            enable_messaging: true,
            language: DEFAULT_LANGUAGE.to_owned(),
            custom_tools: Vec::new(),
        }
    }
}

/// An agent as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Its owner.
    pub account_id: AccountId,
    /// What the client set.
    pub settings: AgentSettings,
    /// When it was made.
    pub created_at: Timestamp,
}
