//! Message threads (contract §7).

mod background;
mod detail;
mod get;
mod list;
mod message;
mod messages;
mod summary;
mod typing;
mod update;

use offhook_model::id::ConversationId;
use offhook_store::Conversation;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use summary::ConversationView;

use crate::{app::App, auth::Caller, error::ApiError};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(get::get, update::update))
        .routes(routes!(messages::messages))
        .routes(routes!(typing::typing))
        .merge(background::routes())
}

/// The caller's thread of this id.
///
/// # Errors
/// 404 when there is none, or it is somebody else's.
pub async fn find(app: &App, caller: &Caller, id: &ConversationId) -> Result<Conversation, ApiError> {
    app.store().conversation(&caller.account, id).await?.ok_or_else(unknown)
}

/// The 404 of threads.
#[must_use]
pub fn unknown() -> ApiError {
    ApiError::not_found("Conversation not found")
}
