//! `GET /v1/agents/voices`.

use axum::Json;
use offhook_voice::providers::catalogue::{VoiceInfo, voices as catalogue};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;

/// The voices an agent may speak with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Voices {
    /// All of them; the default is the first.
    data: Vec<Voice>,
}

/// A voice. Its keys are snake_case, unlike those of other routes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"voice_id": "Polly.Amy", "voice_name": "Amy", "provider": "polly", "gender": "female",
    "accent": "British", "preview_audio_url": null}))]
pub(crate) struct Voice {
    /// What an agent's `voice` names.
    voice_id: &'static str,
    /// For people.
    voice_name: &'static str,
    /// Whose naming the id follows.
    provider: &'static str,
    /// `female` or `male`.
    #[schema(required)]
    gender: Option<&'static str>,
    /// `American`, `British`.
    #[schema(required)]
    accent: Option<&'static str>,
    /// A sample to listen to; none is offered.
    #[schema(required)]
    preview_audio_url: Option<&'static str>,
}

impl From<&'static VoiceInfo> for Voice {
    fn from(voice: &'static VoiceInfo) -> Self {
        Self {
            voice_id: voice.id,
            voice_name: voice.name,
            provider: voice.provider,
            gender: Some(voice.gender),
            accent: Some(voice.accent),
            preview_audio_url: None,
        }
    }
}

/// Lists the voices.
#[utoipa::path(
    get, path = "/v1/agents/voices", tag = "agents", operation_id = "listVoices",
    responses((status = 200, body = Voices, description = "All voices"))
)]
pub(crate) async fn voices(_: Caller) -> Json<Voices> {
    Json(Voices { data: catalogue().iter().map(Voice::from).collect() })
}
