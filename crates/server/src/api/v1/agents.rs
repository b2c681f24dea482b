//! Agents: who answers a call, and how (contract §1, §2).

mod conversations;
mod create;
mod delete;
mod fields;
mod get;
mod list;
pub mod numbers;
mod tool;
mod update;
mod view;
mod voices;
pub mod webhook;

use offhook_model::{agent::Agent, id::AgentId};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use fields::AgentFields;
pub use view::{AgentNumber, AgentView};

use crate::{app::App, auth::Caller, error::ApiError};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(voices::voices))
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(conversations::conversations))
        .merge(numbers::routes())
        .merge(webhook::routes())
}

/// The caller's agent of this id.
///
/// # Errors
/// 404 when there is none, or it is somebody else's.
pub async fn find(app: &App, caller: &Caller, id: &AgentId) -> Result<Agent, ApiError> {
    app.store().agent(&caller.account, id).await?.ok_or_else(unknown)
}

/// The 404 of agents.
#[must_use]
pub fn unknown() -> ApiError {
    ApiError::not_found("Agent not found")
}
