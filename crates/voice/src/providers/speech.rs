//! The speech engines of a server, from its configuration.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use offhook_media::vad::{SileroVad, Vad};
use reqwest::Client;
use serde::Deserialize;

use super::{
    embedded::Embedded,
    espeak,
    openai_stt::OpenAiStt,
    openai_tts::{OpenAiTts, OpenAiTtsSettings, SpeechFormat},
    pocketsphinx::{self, PocketSphinx},
};
use crate::speech::{Recognizer, SpeechError, Synthesizer};

/// Who serves a part of speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpeechProvider {
    /// The engines in this binary: no key, no download.
    #[default]
    Embedded,
    /// Any HTTP service with OpenAI's shapes.
    Openai,
}

/// Recognition, as configured (`stt`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SttConfig {
    /// Who recognises.
    pub provider: SpeechProvider,
    /// `openai`: where, e.g. `https://api.openai.com/v1`, which is the default.
    pub base_url: Option<String>,
    /// `openai`: the bearer token.
    pub api_key: Option<String>,
    /// `openai`: the model, default `gpt-4o-mini-transcribe`. `embedded`: the
    /// directory of the pocketsphinx models, default the system's.
    pub model: Option<String>,
    /// `embedded`: callers who may speak at once, default two per core.
    pub max_streams: Option<usize>,
    /// `openai`: how long one attempt may take, milliseconds; default 10 000.
    pub timeout_ms: Option<u64>,
}

/// Synthesis, as configured (`tts`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TtsConfig {
    /// Who speaks.
    pub provider: SpeechProvider,
    /// `openai`: where, e.g. `https://api.openai.com/v1`, which is the default.
    pub base_url: Option<String>,
    /// `openai`: the bearer token.
    pub api_key: Option<String>,
    /// `openai`: the model, default `gpt-4o-mini-tts`.
    pub model: Option<String>,
    /// `openai`: what to ask for the sound in.
    pub format: SpeechFormat,
    /// `openai`: the service's voice for a catalogue id.
    pub voices: HashMap<String, String>,
    /// `openai`: until the first byte of a clause, milliseconds; default 5000.
    pub first_byte_ms: Option<u64>,
    /// `openai`: between bytes, milliseconds; default 3000.
    pub idle_ms: Option<u64>,
}

/// Both halves of speech, as configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpeechConfig {
    /// Recognition.
    pub stt: SttConfig,
    /// Synthesis.
    pub tts: TtsConfig,
}

/// Makes a voice detector for one direction of one call.
pub type VadFactory = Arc<dyn Fn() -> Result<Box<dyn Vad>, SpeechError> + Send + Sync>;

/// The engines of a server; cheap to clone.
#[derive(Clone)]
pub struct Speech {
    /// Speech to text.
    pub recognizer: Arc<dyn Recognizer>,
    /// Text to speech.
    pub synthesizer: Arc<dyn Synthesizer>,
    /// Voice activity.
    pub vad: VadFactory,
}

const OPENAI: &str = "https://api.openai.com/v1";

impl Speech {
    /// The engines that `config` asks for. Nothing is loaded or connected yet.
    ///
    /// # Errors
    /// [`SpeechError::Unavailable`] for a base URL that is none.
    pub fn from_config(config: &SpeechConfig) -> Result<Self, SpeechError> {
        let client = client()?;
        Ok(Self {
            recognizer: recognizer(&config.stt, &client)?,
            synthesizer: synthesizer(&config.tts, &client)?,
            vad: Arc::new(|| {
                let vad = SileroVad::new()
                    .map_err(|e| SpeechError::Unavailable { engine: "silero", reason: e.to_string() })?;
                Ok(Box::new(vad))
            }),
        })
    }
}

impl std::fmt::Debug for Speech {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Speech")
            .field("recognizer", &self.recognizer.name())
            .field("synthesizer", &self.synthesizer.name())
            .finish_non_exhaustive()
    }
}

fn client() -> Result<Client, SpeechError> {
    Client::builder()
        .connect_timeout(Duration::from_secs(3))
        .pool_idle_timeout(Duration::from_secs(60))
        .user_agent(concat!("offhook/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| SpeechError::Unavailable { engine: "http client", reason: e.to_string() })
}

fn base_url(engine: &'static str, configured: Option<&str>) -> Result<String, SpeechError> {
    let base = configured.filter(|url| !url.trim().is_empty()).unwrap_or(OPENAI);
    match url::Url::parse(base) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(base.to_owned()),
        _ => Err(SpeechError::Unavailable {
            engine,
            reason: format!("base_url {base:?} is no http or https URL"),
        }),
    }
}

fn recognizer(config: &SttConfig, client: &Client) -> Result<Arc<dyn Recognizer>, SpeechError> {
    Ok(match config.provider {
        SpeechProvider::Embedded => {
            let streams = config.max_streams.unwrap_or_else(pocketsphinx::default_streams);
            Arc::new(PocketSphinx::new(pocketsphinx_model(config), streams))
        }
        SpeechProvider::Openai => Arc::new(OpenAiStt::new(
            client.clone(),
            &base_url("openai stt", config.base_url.as_deref())?,
            config.api_key.clone(),
            config.model.clone().unwrap_or_else(|| "gpt-4o-mini-transcribe".to_owned()),
            Duration::from_millis(config.timeout_ms.unwrap_or(10_000)),
        )),
    })
}

fn synthesizer(config: &TtsConfig, client: &Client) -> Result<Arc<dyn Synthesizer>, SpeechError> {
    Ok(match config.provider {
        SpeechProvider::Embedded => Arc::new(Embedded),
        SpeechProvider::Openai => Arc::new(OpenAiTts::new(
            client.clone(),
            OpenAiTtsSettings {
                base_url: base_url("openai tts", config.base_url.as_deref())?,
                api_key: config.api_key.clone(),
                model: config.model.clone().unwrap_or_else(|| "gpt-4o-mini-tts".to_owned()),
                format: config.format,
                voices: config.voices.clone(),
                first_byte: Duration::from_millis(config.first_byte_ms.unwrap_or(5000)),
                idle: Duration::from_millis(config.idle_ms.unwrap_or(3000)),
            },
        )),
    })
}

fn pocketsphinx_model(config: &SttConfig) -> PathBuf {
    config.model.as_ref().map_or_else(pocketsphinx::default_model, PathBuf::from)
}

/// How a part of speech is, for `offhook doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechCheck {
    /// Which part.
    pub component: &'static str,
    /// It can be used.
    pub is_ready: bool,
    /// What was found.
    pub state: String,
    /// What to do or to know.
    pub hint: Option<String>,
}

/// Looks at every engine `config` uses. Blocks for some 100 ms: loads Silero
/// and runs `espeak-ng --version`; loads no recogniser and contacts no service.
#[must_use]
pub fn check(config: &SpeechConfig) -> Vec<SpeechCheck> {
    vec![check_vad(), check_stt(&config.stt), check_english(&config.tts), check_languages(&config.tts)]
}

fn check_vad() -> SpeechCheck {
    let loaded = SileroVad::new();
    SpeechCheck {
        component: "voice activity (Silero)",
        is_ready: loaded.is_ok(),
        state: loaded.map_or_else(|e| e.to_string(), |_| "model loaded".to_owned()),
        hint: None,
    }
}

fn check_stt(config: &SttConfig) -> SpeechCheck {
    if config.provider == SpeechProvider::Openai {
        return check_service("recognition (OpenAI-shaped)", config.base_url.as_deref());
    }
    let model = pocketsphinx_model(config);
    let is_ready = model.join("en-us.lm.bin").is_file();
    let state =
        format!("pocketsphinx model {} {}", if is_ready { "in" } else { "not found in" }, model.display());
    let hint = if is_ready {
        "demo grade, English only: set stt.provider for real calls"
    } else {
        "install the package pocketsphinx-en-us (scripts/setup does it)"
    };
    SpeechCheck { component: "recognition (pocketsphinx)", is_ready, state, hint: Some(hint.to_owned()) }
}

fn check_english(config: &TtsConfig) -> SpeechCheck {
    if config.provider == SpeechProvider::Openai {
        return check_service("synthesis (OpenAI-shaped)", config.base_url.as_deref());
    }
    SpeechCheck {
        component: "synthesis, English (flite)",
        is_ready: true,
        state: "linked into this binary: slt, rms, awb, kal16".to_owned(),
        hint: None,
    }
}

fn check_languages(config: &TtsConfig) -> SpeechCheck {
    let found = espeak::version();
    let is_used = config.provider == SpeechProvider::Embedded;
    SpeechCheck {
        component: "synthesis, other languages (espeak-ng)",
        is_ready: found.is_some() || !is_used,
        state: found
            .as_ref()
            .map_or_else(|| "not installed".to_owned(), |version| format!("version {version}")),
        hint: (found.is_none() && is_used)
            .then(|| "install the package espeak-ng; English is not affected".to_owned()),
    }
}

fn check_service(component: &'static str, url: Option<&str>) -> SpeechCheck {
    let checked = base_url("openai", url);
    SpeechCheck {
        component,
        is_ready: checked.is_ok(),
        state: checked.unwrap_or_else(|e| e.to_string()),
        hint: Some("not contacted by this check".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_needs_nothing_configured() {
        let speech = Speech::from_config(&SpeechConfig::default()).unwrap();
        assert_eq!(speech.recognizer.name(), "pocketsphinx (demo grade)");
        assert_eq!(speech.synthesizer.name(), "flite and espeak-ng");
        assert!((speech.vad)().is_ok());
    }

    #[test]
    fn every_embedded_engine_is_found_on_a_machine_that_is_set_up() {
        let checks = check(&SpeechConfig::default());
        assert_eq!(checks.len(), 4);
        assert!(checks.iter().all(|c| c.is_ready), "{checks:?}");
    }

    #[test]
    fn a_missing_model_is_told_with_its_package() {
        let stt = SttConfig { model: Some("/nonexistent".into()), ..SttConfig::default() };
        let checks = check(&SpeechConfig { stt, ..SpeechConfig::default() });
        let found = checks.iter().find(|c| c.component.contains("pocketsphinx")).unwrap();
        assert!(!found.is_ready && found.hint.as_ref().unwrap().contains("pocketsphinx-en-us"));
    }

    #[test]
    fn a_base_url_that_is_none_is_refused_and_unknown_keys_are_errors() {
        let stt = SttConfig {
            provider: SpeechProvider::Openai,
            base_url: Some("ftp://x".into()),
            ..SttConfig::default()
        };
        assert!(Speech::from_config(&SpeechConfig { stt, ..SpeechConfig::default() }).is_err());
        let parsed: Result<SpeechConfig, _> = serde_json::from_str(r#"{"stt": {"provder": "openai"}}"#);
        assert!(parsed.is_err());
        let parsed: SpeechConfig =
            serde_json::from_str(r#"{"tts": {"provider": "openai", "format": "wav"}}"#).unwrap();
        assert_eq!(parsed.tts.format, SpeechFormat::Wav);
    }
}
