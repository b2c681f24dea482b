//! An agent as clients see it (contract §1.1).

use offhook_model::{
    Timestamp,
    agent::{Agent, AmbientSound, DenoisingMode, ModelTier, SttMode, VoiceMode},
    e164::E164,
    id::{AgentId, NumberId},
    number::{Number, NumberStatus, NumberType},
    tool::CustomTool,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, error::ApiError};

/// An agent.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Agent)]
#[schema(example = json!({"id": "agt_abc123", "name": "Support Bot", "description": "Handles customer support inquiries",
    "voiceMode": "hosted", "modelTier": "balanced",
    "systemPrompt": "You are a helpful support agent for Acme Corp.",
    "beginMessage": "Hello! How can I help you today?", "voice": "Polly.Amy",
    "transferNumber": "+14155550100",
    "voicemailMessage": null, "sttMode": "fast", "ambientSound": "none",
    "denoisingMode": "noise-cancellation",
    "maxSilenceMs": 600000, "enableMessaging": true, "enableBackchannel": true,
    "interruptionSensitivity": 0.8,
    "voiceSpeed": 1.0, "language": "en-US", "callScreeningIdentity": null, "callScreeningPurpose": null,
    "customTools": [], "createdAt": "2025-01-15T10:30:00Z",
    "numbers": [{"id": "num_xyz789", "phoneNumber": "+14155551234", "status": "active", "type": "sms"}]}))]
pub struct AgentView {
    /// `agt_…`.
    #[schema(value_type = String)]
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[schema(required)]
    pub description: Option<String>,
    /// Who thinks.
    pub voice_mode: VoiceMode,
    /// Which hosted model.
    pub model_tier: ModelTier,
    /// The hosted model's instructions.
    #[schema(required)]
    pub system_prompt: Option<String>,
    /// Greeting on connect.
    #[schema(required)]
    pub begin_message: Option<String>,
    /// Voice id.
    pub voice: String,
    /// Where a transfer goes.
    #[schema(value_type = Option<String>, required)]
    pub transfer_number: Option<E164>,
    /// Spoken to an answering machine.
    #[schema(required)]
    pub voicemail_message: Option<String>,
    /// Recognition mode.
    pub stt_mode: SttMode,
    /// Background sound.
    pub ambient_sound: AmbientSound,
    /// Cleaning of the caller's audio.
    pub denoising_mode: DenoisingMode,
    /// Hang up after this long without caller speech.
    pub max_silence_ms: u32,
    /// Whether it may text during a call.
    pub enable_messaging: bool,
    /// Whether it acknowledges while the caller speaks.
    pub enable_backchannel: bool,
    /// 0 never interrupts, 1 at the first sound.
    pub interruption_sensitivity: f64,
    /// Speech rate.
    pub voice_speed: f64,
    /// Locale.
    pub language: String,
    /// Who is calling, for screening assistants.
    #[schema(required)]
    pub call_screening_identity: Option<String>,
    /// Why, for screening assistants.
    #[schema(required)]
    pub call_screening_purpose: Option<String>,
    /// HTTP tools of the hosted model.
    pub custom_tools: Vec<CustomTool>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Its numbers, first attached first.
    pub numbers: Vec<AgentNumber>,
}

/// A number as its agent shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentNumber {
    /// `num_…`.
    #[schema(value_type = String)]
    pub id: NumberId,
    /// E.164.
    #[schema(value_type = String)]
    pub phone_number: E164,
    /// Held or released.
    pub status: NumberStatus,
    /// Kind of line.
    #[serde(rename = "type")]
    pub kind: NumberType,
}

impl From<Number> for AgentNumber {
    fn from(number: Number) -> Self {
        Self { id: number.id, phone_number: number.phone_number, status: number.status, kind: number.kind }
    }
}

impl AgentView {
    /// The agent with these numbers.
    #[must_use]
    pub fn new(agent: Agent, numbers: Vec<Number>) -> Self {
        let settings = agent.settings;
        Self {
            id: agent.id,
            name: settings.name,
            description: settings.description,
            voice_mode: settings.voice_mode,
            model_tier: settings.model_tier,
            system_prompt: settings.system_prompt,
            begin_message: settings.begin_message,
            voice: settings.voice,
            transfer_number: settings.transfer_number,
            voicemail_message: settings.voicemail_message,
            stt_mode: settings.stt_mode,
            ambient_sound: settings.ambient_sound,
            denoising_mode: settings.denoising_mode,
            max_silence_ms: settings.max_silence_ms,
            enable_messaging: settings.enable_messaging,
            enable_backchannel: settings.enable_backchannel,
            interruption_sensitivity: settings.interruption_sensitivity,
            voice_speed: settings.voice_speed,
            language: settings.language,
            call_screening_identity: settings.call_screening_identity,
            call_screening_purpose: settings.call_screening_purpose,
            custom_tools: settings.custom_tools,
            created_at: agent.created_at,
            numbers: numbers.into_iter().map(AgentNumber::from).collect(),
        }
    }

    /// The agent with the numbers it has.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn load(app: &App, agent: Agent) -> Result<Self, ApiError> {
        let numbers = app.store().agent_numbers(&agent.account_id, &agent.id).await?;
        Ok(Self::new(agent, numbers))
    }
}
