//! `POST /v1/calls`: place an outbound call (contract §5.4).

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, extract::State};
use offhook_model::agent::ModelTier;
use offhook_store::Call;
use utoipa::ToSchema;

use super::{
    CallDetail,
    destination::{Destination, DestinationRule},
    detail_of, view,
};
use crate::{
    app::App,
    auth::Caller,
    calls::{
        end::wait_until_over,
        outbound::{self, NewCall},
        plan::CallOptions,
    },
    error::ApiError,
    input::{Fields, Input, Read, rules},
};

/// Who calls whom, and how this call differs from the agent's settings.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"agentId": "agt_abc123", "toNumber": "+14155559876", "initialGreeting": "Hi, this is Acme Corp."}))]
pub(crate) struct CreateCall {
    /// The agent that talks.
    agent_id: String,
    /// Whom to call, E.164.
    #[schema(value_type = String, example = "+14155550123")]
    to_number: Destination,
    /// First words; `""` keeps silent until spoken to, null leaves it to the agent.
    initial_greeting: Option<String>,
    /// Voice instead of the agent's.
    voice: Option<String>,
    /// Which number of the agent calls; default the first attached.
    from_number_id: Option<String>,
    /// Instructions; when set the built-in model runs this call.
    system_prompt: Option<String>,
    /// Model of a call with `systemPrompt`.
    model_tier: Option<ModelTier>,
    /// Values of `{{name}}`; hosted calls only.
    #[schema(value_type = Option<BTreeMap<String, Option<String>>>)]
    variables: Option<BTreeMap<String, String>>,
    /// Who is calling, for screening assistants.
    #[schema(max_length = 100)]
    call_screening_identity: Option<String>,
    /// Why, for screening assistants.
    #[schema(max_length = 300)]
    call_screening_purpose: Option<String>,
    /// Keep no audio of this call.
    disable_recording: Option<bool>,
    /// Answer only when the call is over, or after `maxWaitSeconds`.
    wait_for_completion: Option<bool>,
    /// Default 300.
    #[schema(minimum = 10, maximum = 600)]
    max_wait_seconds: Option<i64>,
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

/// Places a call. The row is committed before anything is dialled.
#[utoipa::path(
    post, path = "/v1/calls", tag = "calls", operation_id = "createOutboundCall",
    request_body = CreateCall,
    responses(
        (status = 200, body = CallDetail, description = "The call"),
        (status = 400, description = "No number to call from, or webhook mode without a webhook"),
        (status = 402, description = "The balance does not cover a call"),
        (status = 403, description = "Emergency, crisis and N11 numbers are never called"),
        (status = 404, description = "Agent or number not found"),
        (status = 429, description = "All of the account's calls are in use"),
        (status = 503, description = "The phone engine is not running"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<CreateCall>,
) -> Result<Json<CallDetail>, ApiError> {
    let Destination::Number(to) = body.to_number else {
        return Err(ApiError::forbidden("Emergency, crisis and N11 numbers cannot be called"));
    };
    let new = NewCall {
        agent_id: body.agent_id.into(),
        to,
        from_number_id: body.from_number_id.map(Into::into),
        options: CallOptions {
            initial_greeting: body.initial_greeting,
            voice: body.voice.filter(|voice| !voice.trim().is_empty()),
            system_prompt: body.system_prompt.filter(|prompt| !prompt.trim().is_empty()),
            model_tier: body.model_tier,
            variables: body.variables.unwrap_or_default(),
            call_screening_identity: body.call_screening_identity,
            call_screening_purpose: body.call_screening_purpose,
            disable_recording: body.disable_recording.unwrap_or(false),
        },
    };
    let shown = {
        let app = app.clone();
        move |call: &Call| view::detail(&app, call, &[])
    };
    let mut call = outbound::create(&app, &caller.account, new, shown).await?;
    if body.wait_for_completion.unwrap_or(false) {
        let limit = Duration::from_secs(body.max_wait_seconds.map_or(300, i64::unsigned_abs));
        call = wait_until_over(&app, &caller.account, &call.id, limit).await?.unwrap_or(call);
    }
    detail_of(&app, &call).await.map(Json)
}
