//! `GET /v1/usage/by-number`.

use axum::{Json, extract::State};
use offhook_store::NumberUsage;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, error::ApiError};

/// Usage of all time by number, newest number first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"data": [{
    "numberId": "num_xyz789", "phoneNumber": "+14155551234", "country": "US", "status": "active",
    "agentId": "agt_abc123", "agentName": "Support Bot", "messages": 3, "calls": 1
}]}))]
pub(crate) struct UsageByNumber {
    /// Every number held, and those given back that were used.
    data: Vec<NumberUsageView>,
}

/// Usage of one number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NumberUsageView {
    /// Its id.
    number_id: String,
    /// The number, E.164.
    phone_number: String,
    /// `US` or `CA`.
    country: String,
    /// `active` or `released`.
    #[schema(value_type = String)]
    status: &'static str,
    /// The agent that has it.
    agent_id: Option<String>,
    /// That agent's name.
    agent_name: Option<String>,
    /// Texts sent and received over it.
    messages: u64,
    /// Calls that began over it.
    calls: u64,
}

impl From<NumberUsage> for NumberUsageView {
    fn from(usage: NumberUsage) -> Self {
        Self {
            number_id: usage.id.to_string(),
            phone_number: usage.phone_number,
            country: usage.country,
            status: usage.status.as_str(),
            agent_id: usage.agent_id.as_ref().map(ToString::to_string),
            agent_name: usage.agent_name,
            messages: usage.sums.messages,
            calls: usage.sums.calls,
        }
    }
}

/// Counts usage by number.
#[utoipa::path(
    get, path = "/v1/usage/by-number", tag = "usage", operation_id = "getUsageByNumber",
    responses((status = 200, body = UsageByNumber, description = "One row per number"))
)]
pub(crate) async fn by_number(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<UsageByNumber>, ApiError> {
    let usage = app.store().usage_by_number(&caller.account).await?;
    Ok(Json(UsageByNumber { data: usage.into_iter().map(NumberUsageView::from).collect() }))
}
