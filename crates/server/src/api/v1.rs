//! The contract's routes.

pub mod agents;
pub mod calls;
pub mod contacts;
pub mod conversations;
pub mod feedback;
pub mod location;
pub mod messages;
pub mod numbers;
pub mod register;
pub mod sip_trunks;
pub mod sub_accounts;
pub mod usage;
pub mod verify;
pub mod webhooks;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every route under `/v1`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(agents::routes())
        .merge(calls::routes())
        .merge(contacts::routes())
        .merge(messages::routes())
        .merge(conversations::routes())
        .merge(location::routes())
        .merge(numbers::routes())
        .merge(register::routes())
        .merge(feedback::routes())
        .merge(sip_trunks::routes())
        .merge(verify::routes())
        .merge(sub_accounts::routes())
        .merge(usage::routes())
        .merge(webhooks::routes())
}

/// The answer of routes that have nothing else to say.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(example = json!({"success": true}))]
pub struct Success {
    /// Always true.
    success: bool,
}

impl Success {
    /// It is done.
    pub const YES: Self = Self { success: true };
}
