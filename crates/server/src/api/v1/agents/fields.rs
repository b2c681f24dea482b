//! What a client may say about an agent (contract §1.2), on create and on PATCH.

use offhook_model::{
    agent::{
        AgentSettings, AmbientSound, DEFAULT_LANGUAGE, DEFAULT_VOICE, DenoisingMode, LOCALES, ModelTier,
        SttMode, VoiceMode,
    },
    e164::E164,
    tool::CustomTool,
};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};

use super::tool::Tools;
use crate::{
    error::ApiError,
    input::{
        Fields, Patch, Read, Rule, Spot,
        rules::{self, flag, integer, number, or_empty, text, word},
    },
};

/// Everything but the name. Omitted fields stay, null restores the default.
#[derive(Debug, Clone, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AgentFields {
    /// What the agent is for.
    #[schema(value_type = Option<String>)]
    pub description: Patch<String>,
    /// `webhook` (default): your server thinks. `hosted`: the built-in model
    /// does, with `systemPrompt`. Switching to `webhook` clears `systemPrompt`
    /// and `beginMessage`.
    #[schema(value_type = Option<VoiceMode>)]
    pub voice_mode: Patch<VoiceMode>,
    /// Instructions of the hosted model; required in hosted mode.
    #[schema(value_type = Option<String>)]
    pub system_prompt: Patch<String>,
    /// Greeting on connect.
    #[schema(value_type = Option<String>)]
    pub begin_message: Patch<String>,
    /// A voice id of `GET /v1/agents/voices`; unknown ids speak with the default voice.
    #[schema(value_type = Option<String>)]
    pub voice: Patch<String>,
    /// Quality against latency of the hosted model; default `balanced`.
    #[schema(value_type = Option<ModelTier>)]
    pub model_tier: Patch<ModelTier>,
    /// Recognition; `accurate` is about 200 ms slower; default `fast`.
    #[schema(value_type = Option<SttMode>)]
    pub stt_mode: Patch<SttMode>,
    /// Background sound; default `none`.
    #[schema(value_type = Option<AmbientSound>)]
    pub ambient_sound: Patch<AmbientSound>,
    /// Cleaning of the caller's audio; default `noise-cancellation`.
    #[schema(value_type = Option<DenoisingMode>)]
    pub denoising_mode: Patch<DenoisingMode>,
    /// Where a transfer goes: E.164, US or Canada; `""` clears.
    #[schema(value_type = Option<String>)]
    pub transfer_number: Patch<E164>,
    /// Spoken to an answering machine; `""` disables.
    #[schema(value_type = Option<String>, max_length = 1000)]
    pub voicemail_message: Patch<String>,
    /// Who is calling, for screening assistants; `""` clears.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub call_screening_identity: Patch<String>,
    /// Why, for screening assistants; `""` clears.
    #[schema(value_type = Option<String>, max_length = 300)]
    pub call_screening_purpose: Patch<String>,
    /// Hang up after this long without caller speech; default 600000.
    #[schema(value_type = Option<i64>, minimum = 10_000, maximum = 3_600_000)]
    pub max_silence_ms: Patch<u32>,
    /// Speech rate; default 1.0.
    #[schema(value_type = Option<f64>, minimum = 0.5, maximum = 2.0)]
    pub voice_speed: Patch<f64>,
    /// 0 never interrupts, 1 at the first sound; default 0.8.
    #[schema(value_type = Option<f64>, minimum = 0.0, maximum = 1.0)]
    pub interruption_sensitivity: Patch<f64>,
    /// Short acknowledgements while the caller speaks; default true.
    #[schema(value_type = Option<bool>)]
    pub enable_backchannel: Patch<bool>,
    /// Hosted agents may send and read texts during a call; default true.
    #[schema(value_type = Option<bool>)]
    pub enable_messaging: Patch<bool>,
    /// Locale; default `en-US`.
    #[schema(value_type = Option<String>)]
    pub language: Patch<String>,
    /// HTTP tools of the hosted model; replaces the whole set.
    #[schema(value_type = Option<Vec<CustomTool>>, max_items = 20)]
    pub custom_tools: Patch<Vec<CustomTool>>,
}

impl Read for AgentFields {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let cleared_text = |max| or_empty(text().chars(0..=max));
        Some(Self {
            description: fields.patch("description", text()),
            voice_mode: fields.patch("voiceMode", word(VoiceMode::from_word, VoiceMode::WORDS)),
            system_prompt: fields.patch("systemPrompt", text()),
            begin_message: fields.patch("beginMessage", text()),
            voice: fields.patch("voice", or_empty(text().trimmed())).flatten(),
            model_tier: fields.patch("modelTier", word(ModelTier::from_word, ModelTier::WORDS)),
            stt_mode: fields.patch("sttMode", word(SttMode::from_word, SttMode::WORDS)),
            ambient_sound: fields.patch("ambientSound", word(AmbientSound::from_word, AmbientSound::WORDS)),
            denoising_mode: fields
                .patch("denoisingMode", word(DenoisingMode::from_word, DenoisingMode::WORDS)),
            transfer_number: fields.patch("transferNumber", or_empty(TransferTarget)).flatten(),
            voicemail_message: fields.patch("voicemailMessage", cleared_text(1000)).flatten(),
            call_screening_identity: fields.patch("callScreeningIdentity", cleared_text(100)).flatten(),
            call_screening_purpose: fields.patch("callScreeningPurpose", cleared_text(300)).flatten(),
            max_silence_ms: fields
                .patch("maxSilenceMs", integer(10_000..=3_600_000))
                .map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
            voice_speed: fields.patch("voiceSpeed", number(0.5..=2.0)),
            interruption_sensitivity: fields.patch("interruptionSensitivity", number(0.0..=1.0)),
            enable_backchannel: fields.patch("enableBackchannel", flag()),
            enable_messaging: fields.patch("enableMessaging", flag()),
            language: fields.patch("language", word(locale, &LOCALES)),
            custom_tools: fields.patch("customTools", Tools),
        })
    }
}

impl AgentFields {
    /// The settings after this change.
    ///
    /// # Errors
    /// 400 when the agent would be hosted without a prompt.
    pub fn apply(self, settings: &AgentSettings) -> Result<AgentSettings, ApiError> {
        let default = AgentSettings::named("");
        let mut next = settings.clone();
        self.voice_mode.apply_or(&mut next.voice_mode, default.voice_mode);
        let to_webhook = settings.voice_mode == VoiceMode::Hosted && next.voice_mode == VoiceMode::Webhook;
        self.system_prompt.apply(&mut next.system_prompt);
        if to_webhook {
            next.system_prompt = None;
            next.begin_message = None;
        }
        self.begin_message.apply(&mut next.begin_message);
        self.description.apply(&mut next.description);
        self.voice.apply_or(&mut next.voice, DEFAULT_VOICE.to_owned());
        self.model_tier.apply_or(&mut next.model_tier, default.model_tier);
        self.stt_mode.apply_or(&mut next.stt_mode, default.stt_mode);
        self.ambient_sound.apply_or(&mut next.ambient_sound, default.ambient_sound);
        self.denoising_mode.apply_or(&mut next.denoising_mode, default.denoising_mode);
        self.transfer_number.apply(&mut next.transfer_number);
        self.voicemail_message.apply(&mut next.voicemail_message);
        self.call_screening_identity.apply(&mut next.call_screening_identity);
        self.call_screening_purpose.apply(&mut next.call_screening_purpose);
        self.max_silence_ms.apply_or(&mut next.max_silence_ms, default.max_silence_ms);
        self.voice_speed.apply_or(&mut next.voice_speed, default.voice_speed);
        self.interruption_sensitivity
            .apply_or(&mut next.interruption_sensitivity, default.interruption_sensitivity);
        self.enable_backchannel.apply_or(&mut next.enable_backchannel, default.enable_backchannel);
        self.enable_messaging.apply_or(&mut next.enable_messaging, default.enable_messaging);
        self.language.apply_or(&mut next.language, DEFAULT_LANGUAGE.to_owned());
        self.custom_tools.apply_or(&mut next.custom_tools, Vec::new());

        let has_prompt = next.system_prompt.as_deref().is_some_and(|prompt| !prompt.trim().is_empty());
        if next.voice_mode == VoiceMode::Hosted && !has_prompt {
            return Err(ApiError::bad_request("systemPrompt is required when voiceMode is hosted"));
        }
        Ok(next)
    }
}

/// The schema of these fields and the name.
pub(super) fn schema(name_required: bool) -> RefOr<Schema> {
    let mut schema = AgentFields::schema();
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        let name = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("What the agent is called, trimmed"))
            .min_length(Some(1))
            .max_length(Some(200))
            .build();
        object.properties.insert("name".to_owned(), RefOr::T(name.into()));
        if name_required {
            object.required.push("name".to_owned());
        }
    }
    schema
}

/// The rule of agents' names.
pub(super) fn name() -> rules::Text {
    text().trimmed().chars(1..=200)
}

fn locale(word: &str) -> Option<String> {
    LOCALES.contains(&word).then(|| word.to_owned())
}

/// Area codes of `+1` that are in neither the US nor Canada.
/// Source: NANPA, "Geographic area codes by country".
const FOREIGN_AREA_CODES: [&str; 21] = [
    "242", "246", "264", "268", "284", "345", "441", "473", "649", "658", "664", "721", "758", "767", "784",
    "809", "829", "849", "868", "869", "876",
];

/// An E.164 number in the US or Canada: what a transfer may cost is bounded.
#[derive(Debug, Clone, Copy)]
struct TransferTarget;

impl Rule for TransferTarget {
    type Value = E164;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<E164> {
        let number = rules::phone().check(value, spot)?;
        let area = number.digits().get(1..4).unwrap_or_default();
        let possible = area.as_bytes().first().is_some_and(|first| (b'2'..=b'9').contains(first));
        if !number.is_nanp() || !possible || FOREIGN_AREA_CODES.contains(&area) {
            spot.fault("value_error", "Value error, only US and Canadian numbers (+1) are supported");
            return None;
        }
        Some(number)
    }
}
