//! `DELETE /integrations/whatsapp/{connection_id}`.

use axum::{Json, extract::State};
use offhook_model::id::WhatsappConnectionId;

use crate::{api::v1::Success, app::App, auth::Caller, error::ApiError, path::Path, whatsapp};

/// Ends a connection: its numbers stay, without WhatsApp; its templates are
/// forgotten here.
#[utoipa::path(
    delete, path = "/integrations/whatsapp/{connection_id}", tag = "whatsapp",
    operation_id = "whatsappDisconnect",
    params(("connection_id" = String, Path, description = "The connection")),
    responses(
        (status = 200, body = Success, description = "It is ended"),
        (status = 404, description = "WhatsApp connection not found"),
    )
)]
pub(crate) async fn disconnect(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<WhatsappConnectionId>,
) -> Result<Json<Success>, ApiError> {
    if !app.store().delete_whatsapp_connection(&caller.account, &id).await? {
        return Err(whatsapp::unknown());
    }
    tracing::info!(connection.id = %id, "whatsapp disconnected");
    Ok(Json(Success::YES))
}
