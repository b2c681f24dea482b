//! `POST /v1/calls/{call_id}/end`.

use axum::{Json, extract::State};
use offhook_model::id::CallId;

use super::{CallDetail, detail_of, unknown};
use crate::{
    app::App,
    auth::Caller,
    calls::end::{HangUpError, hang_up},
    error::ApiError,
    path::Path,
};

/// Hangs up. The answer says `ending`; the final status follows with the end.
#[utoipa::path(
    post, path = "/v1/calls/{call_id}/end", tag = "calls", operation_id = "endCall",
    params(("call_id" = String, Path, description = "The call")),
    responses(
        (status = 200, body = CallDetail, description = "The call, with status `ending`"),
        (status = 404, description = "Call not found"),
        (status = 409, description = "The call is not in progress"),
    )
)]
pub(crate) async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<CallId>,
) -> Result<Json<CallDetail>, ApiError> {
    let call = hang_up(&app, &caller.account, &id).await?;
    let mut detail = detail_of(&app, &call).await?;
    detail.call.status = "ending";
    Ok(Json(detail))
}

impl From<HangUpError> for ApiError {
    fn from(error: HangUpError) -> Self {
        match error {
            HangUpError::Unknown => unknown(),
            HangUpError::NotInProgress => Self::conflict("The call is not in progress"),
            HangUpError::Store(error) => error.into(),
        }
    }
}
