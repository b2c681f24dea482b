//! `GET /offhook/v1/deliveries`.

use axum::{Json, extract::State};
use offhook_model::{Timestamp, id::AgentId};
use offhook_store::{DeliveryFilter, DeliveryStatus};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::view::Summary;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Query, Read,
        rules::{instant, integer, text, word},
    },
};

/// Which deliveries; every parameter narrows.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct DeliveryQuery {
    /// Entries per page.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    limit: u32,
    /// Older than the delivery of this id: the last one of the page before.
    before: Option<String>,
    /// `pending`, `success` or `failed`.
    #[param(value_type = Option<String>)]
    status: Option<DeliveryStatus>,
    /// `agent.message`, `agent.call_ended`, ….
    event: Option<String>,
    /// Of this agent's events.
    #[param(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Of events from this moment on.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Of events before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl Read for DeliveryQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", integer(1..=200));
        Some(Self {
            limit: limit.and_then(|limit| limit.try_into().ok()).unwrap_or(50),
            before: fields.optional("before", text()),
            status: fields.optional("status", word(DeliveryStatus::from_word, DeliveryStatus::WORDS)),
            event: fields.optional("event", text()),
            agent_id: fields.optional("agentId", text()).map(AgentId::from),
            since: fields.optional("since", instant()),
            until: fields.optional("until", instant()),
        })
    }
}

/// A page of deliveries, newest event first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryPage {
    /// This page.
    data: Vec<Summary>,
    /// Whether older ones follow.
    has_more: bool,
}

/// Lists deliveries, newest event first.
#[utoipa::path(
    get, path = "/offhook/v1/deliveries", tag = "deliveries", operation_id = "findDeliveries",
    params(DeliveryQuery),
    responses(
        (status = 200, body = DeliveryPage, description = "One page"),
        (status = 404, description = "No delivery has the id `before`"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<DeliveryPage>, ApiError> {
    let filter = DeliveryFilter {
        status: query.status,
        event_type: query.event,
        agent_id: query.agent_id,
        since: query.since,
        until: query.until,
        before: query.before,
    };
    let page = app.store().find_deliveries(&caller.account, &filter, query.limit).await?;
    let page = page.ok_or_else(super::unknown)?;
    Ok(Json(DeliveryPage { data: page.data.iter().map(Summary::from).collect(), has_more: page.has_more }))
}
