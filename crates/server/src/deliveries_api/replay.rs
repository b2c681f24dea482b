//! `POST /offhook/v1/deliveries/{delivery_id}/replay`.

use axum::{Json, extract::State};
use offhook_store::Replay;

use super::get::DeliveryDetail;
use crate::{app::App, auth::Caller, error::ApiError, path::Path};

/// Sends a delivery again, delivered or given up: at once, under the same id,
/// to the webhook as it is now, and with the whole schedule of retries.
#[utoipa::path(
    post, path = "/offhook/v1/deliveries/{delivery_id}/replay", tag = "deliveries", operation_id = "replayDelivery",
    params(("delivery_id" = String, Path, description = "The delivery")),
    responses(
        (status = 200, body = DeliveryDetail, description = "It is pending"),
        (status = 404, description = "Delivery not found"),
        (status = 409, description = "It is pending anyway, or a voice turn, whose caller has gone on"),
    )
)]
pub(crate) async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DeliveryDetail>, ApiError> {
    match app.store().replay_delivery(&caller.account, &id, app.now()).await? {
        Replay::Queued => app.calls().outbox.notify_one(),
        Replay::Pending => return Err(ApiError::conflict("The delivery is still pending")),
        Replay::VoiceTurn => return Err(ApiError::conflict("A voice turn cannot be sent again")),
        Replay::Unknown => return Err(super::unknown()),
    }
    Ok(Json(DeliveryDetail::find(&app, &caller, &id).await?))
}
