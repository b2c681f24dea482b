//! `POST /v1/calls`: place an outbound call (contract §5.4).

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, extract::State};
use offhook_model::{agent::ModelTier, e164::E164};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::CallDetail;
use crate::{
    app::App,
    auth::Caller,
    calls::{blocked::is_blocked, outbound::{CreateError, NewCall}, plan::CallOptions},
    error::ApiError,
    input::{Fields, Input, Read, rules},
};

/// Who calls whom, and how this call differs from the agent's settings.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateCall {
    /// The agent that talks.
    pub agent_id: String,
    /// Whom to call, E.164.
    #[schema(value_type = String, example = "+14155550123")]
    pub to_number: Destination,
    /// First words; `""` keeps silent until spoken to, null leaves it to the agent.
    pub initial_greeting: Option<String>,
    /// Voice instead of the agent's.
    pub voice: Option<String>,
    /// Which number of the agent calls; default the first attached.
    pub from_number_id: Option<String>,
    /// Instructions; when set the built-in model runs this call.
    pub system_prompt: Option<String>,
    /// Model of a call with `systemPrompt`.
    pub model_tier: Option<ModelTier>,
    /// Values of `{{name}}`; hosted calls only.
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    pub variables: Option<BTreeMap<String, String>>,
    /// Who is calling, for screening assistants; at most 100 characters.
    pub call_screening_identity: Option<String>,
    /// Why, for screening assistants; at most 300 characters.
    pub call_screening_purpose: Option<String>,
    /// Keep no audio of this call.
    pub disable_recording: Option<bool>,
    /// Answer only when the call is over, or after `maxWaitSeconds`.
    pub wait_for_completion: Option<bool>,
    /// 10 to 600, default 300.
    #[schema(minimum = 10, maximum = 600)]
    pub max_wait_seconds: Option<i64>,
}

impl Read for CreateCall {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let agent_id = fields.required("agentId", rules::text());
        let to_number = fields.required("toNumber", DestinationRule);
        let tier = rules::word(ModelTier::from_word, ModelTier::WORDS);
        Some(Self {
            initial_greeting: fields.optional("initialGreeting", rules::text()),
            voice: fields.optional("voice", rules::text()),
            from_number_id: fields.optional("fromNumberId", rules::text()),
            system_prompt: fields.optional("systemPrompt", rules::text()),
            model_tier: fields.optional("modelTier", tier),
            variables: fields.optional("variables", rules::string_map().null_is_empty()),
            call_screening_identity: fields.optional("callScreeningIdentity", rules::text().chars(0..=100)),
            call_screening_purpose: fields.optional("callScreeningPurpose", rules::text().chars(0..=300)),
            disable_recording: fields.optional("disableRecording", rules::flag()),
            wait_for_completion: fields.optional("waitForCompletion", rules::flag()),
            max_wait_seconds: fields.optional("maxWaitSeconds", rules::integer(10..=600)),
            agent_id: agent_id?,
            to_number: to_number?,
        })
    }
}
