//! `POST /offhook/v1/sim/calls`: somebody calls one of our numbers and really
//! speaks.

use std::time::Duration;

use axum::{Json, extract::State};
use offhook_model::e164::E164;
use offhook_sim::{
    record::{CallRecord, Note, Outcome},
    script::Script,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{network, off};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, Chain, ErrorCode},
    input::{Fields, Input, Read, rules},
};

/// Longest simulated call.
const LONGEST: Duration = Duration::from_secs(300);

/// Who calls which number, and what they say.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"toNumber": "+14155550100", "fromNumber": "+15005550100", "say": ["What are your hours?"]}))]
pub(crate) struct SimulateCall {
    /// The number of the account that is called.
    #[schema(value_type = String, example = "+14155550100")]
    to_number: E164,
    /// The caller's number; default +1 500 555 0100.
    #[schema(value_type = Option<String>)]
    from_number: Option<E164>,
    /// Sentences, each said after the agent has finished speaking; then the
    /// caller listens once more and hangs up.
    #[schema(max_items = 20)]
    say: Vec<String>,
    /// Voice of the caller.
    voice: Option<String>,
}

impl Read for SimulateCall {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let to_number = fields.required("toNumber", rules::phone());
        let from_number = fields.optional("fromNumber", rules::phone());
        let say = fields.optional("say", rules::list(rules::text().chars(1..=500), 0..=20));
        let voice = fields.optional("voice", rules::text().chars(1..=100));
        Some(Self { to_number: to_number?, from_number, say: say.unwrap_or_default(), voice })
    }
}

/// What became of a simulated call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"outcome": "they_hung_up", "sipStatus": null, "durationMs": 9120, "said": ["What are your hours?"],
    "digits": ""}))]
pub(crate) struct SimulatedCall {
    /// `unanswered`, `we_hung_up`, `they_hung_up`, `media_timed_out`; "we" is the caller.
    outcome: &'static str,
    /// SIP status of a call that was not answered.
    sip_status: Option<u16>,
    /// How long it lasted.
    duration_ms: u64,
    /// The sentences that were said to their end.
    said: Vec<String>,
    /// Keys the agent pressed.
    digits: String,
}

impl From<CallRecord> for SimulatedCall {
    fn from(record: CallRecord) -> Self {
        let (outcome, sip_status) = match record.outcome {
            Outcome::Unanswered { status, .. } => ("unanswered", status),
            Outcome::WeHungUp => ("we_hung_up", None),
            Outcome::TheyHungUp => ("they_hung_up", None),
            Outcome::MediaTimedOut => ("media_timed_out", None),
        };
        let digits = record.digits();
        let said = |note| match note {
            Note::Said { text, is_cut: false, .. } => Some(text),
            _ => None,
        };
        Self {
            outcome,
            sip_status,
            duration_ms: u64::try_from(record.length.as_millis()).unwrap_or(u64::MAX),
            said: record.notes.into_iter().filter_map(|noted| said(noted.note)).collect(),
            digits,
        }
    }
}

/// Calls a number of the account with real audio; answers when the call is over.
#[utoipa::path(
    post, path = "/offhook/v1/sim/calls", tag = "simulation", operation_id = "simulateCall",
    request_body = SimulateCall,
    responses(
        (status = 200, body = SimulatedCall, description = "What became of it"),
        (status = 404, description = "The simulated carrier is off, or the number is not the account's"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SimulateCall>,
) -> Result<Json<SimulatedCall>, ApiError> {
    let network = network(&app)?;
    let route = app.store().route(&body.to_number).await?;
    if route.is_none_or(|route| route.number.account_id != caller.account) {
        return Err(ApiError::number_not_found());
    }
    let Some(sim) = &app.calls().routing().sim else {
        return Err(off());
    };
    let uri = format!("sip:{}@{}", body.to_number, sim.sip);
    let mut script = Script { longest: LONGEST, ..Script::default() };
    if let Some(voice) = body.voice {
        script.voice = voice;
    }
    let script = body.say.iter().fold(script, |script, text| script.listen().say(text)).listen().hang_up();
    let from = body.from_number.or_else(|| "+15005550100".parse().ok());
    let from = from.ok_or_else(|| ApiError::bad_request("The caller's number is missing"))?;
    let record = network.call(&from, &uri, &script).await.map_err(|error| {
        tracing::warn!(error = %Chain(&error), "a simulated call could not be placed");
        ApiError::new(ErrorCode::CarrierError, "The simulated call could not be placed")
    })?;
    Ok(Json(record.into()))
}
