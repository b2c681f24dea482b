//! `GET /v1/usage/by-agent`.

use axum::{Json, extract::State};
use jiff::tz::TimeZone;
use offhook_model::Timestamp;
use offhook_store::AgentUsage;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::query::zone;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read, rules},
    period::Period,
};

/// Name of the row of what no agent did.
const UNASSIGNED: &str = "Unassigned";
/// Name of an agent whose name was not kept.
const DELETED: &str = "Deleted agent";

/// Which calendar period, and where.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ByAgentQuery {
    /// The current calendar `week` (from Monday), `month` or `year`.
    #[param(value_type = String, required = false, example = "month", default = "month")]
    period: Period,
    /// IANA time zone of the period; UTC by default.
    #[param(value_type = String, required = false, example = "Europe/Berlin")]
    tz: TimeZone,
}

impl Read for ByAgentQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let period = fields.optional("period", rules::word(Period::from_word, Period::WORDS));
        Some(Self { period: period.unwrap_or(Period::Month), tz: zone(fields) })
    }
}

/// Usage of one calendar period by agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "data": [{"agentId": "agt_abc123", "agentName": "Support Bot", "messages": 3, "calls": 1,
        "totalSeconds": 150, "isOrphan": false}],
    "period": "month", "periodStart": "2025-01-01T00:00:00Z", "periodEnd": "2025-02-01T00:00:00Z"
}))]
pub(crate) struct UsageByAgent {
    /// Every agent; deleted ones, and what no agent did, where there was use.
    data: Vec<AgentUsageView>,
    /// `week`, `month` or `year`.
    #[schema(value_type = String)]
    period: &'static str,
    /// Its first moment.
    #[schema(value_type = String, format = DateTime)]
    period_start: Timestamp,
    /// The first moment after it.
    #[schema(value_type = String, format = DateTime)]
    period_end: Timestamp,
}

/// Usage of one agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentUsageView {
    /// The agent; null for what no agent did.
    agent_id: Option<String>,
    /// Its name, `Unassigned` for none.
    agent_name: String,
    /// Texts sent and received.
    messages: u64,
    /// Completed calls.
    calls: u64,
    /// Their conversation, seconds.
    total_seconds: u64,
    /// Whether the agent was deleted, or is none.
    is_orphan: bool,
}

impl From<AgentUsage> for AgentUsageView {
    fn from(usage: AgentUsage) -> Self {
        let unnamed = if usage.id.is_some() { DELETED } else { UNASSIGNED };
        Self {
            agent_id: usage.id.as_ref().map(ToString::to_string),
            agent_name: usage.name.unwrap_or_else(|| unnamed.to_owned()),
            messages: usage.sums.messages,
            calls: usage.sums.completed_calls,
            total_seconds: usage.sums.completed_seconds,
            is_orphan: usage.is_orphan,
        }
    }
}

/// Counts the usage of a calendar period by agent.
#[utoipa::path(
    get, path = "/v1/usage/by-agent", tag = "usage", operation_id = "getUsageByAgent",
    params(ByAgentQuery),
    responses((status = 200, body = UsageByAgent, description = "One row per agent"))
)]
pub(crate) async fn by_agent(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ByAgentQuery>,
) -> Result<Json<UsageByAgent>, ApiError> {
    let (period_start, period_end) = query.period.around(app.now(), &query.tz);
    let usage = app.store().usage_by_agent(&caller.account, period_start, period_end).await?;
    Ok(Json(UsageByAgent {
        data: usage.into_iter().map(AgentUsageView::from).collect(),
        period: query.period.as_str(),
        period_start,
        period_end,
    }))
}
