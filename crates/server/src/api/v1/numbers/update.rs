//! `PATCH /v1/numbers/{number_id}`.

use axum::{Json, extract::State};
use offhook_model::{Timestamp, id::NumberId};
use offhook_store::NumberPatch;
use utoipa::ToSchema;

use super::NumberView;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Input, Patch, Read,
        rules::{instant, text},
    },
    path::Path,
};

/// What to change of a number; omitted fields stay, null clears.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[schema(example = json!({"externalId": "customer-42"}))]
pub(crate) struct UpdateNumber {
    /// The owner's reference.
    #[schema(value_type = Option<String>)]
    external_id: Patch<String>,
    /// When it is released by itself; in the future.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Patch<Timestamp>,
}

impl Read for UpdateNumber {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            external_id: fields.patch("externalId", text()),
            expires_at: fields.patch("expiresAt", instant()),
        })
    }
}

/// Changes a number's reference or its end.
#[utoipa::path(
    patch, path = "/v1/numbers/{number_id}", tag = "numbers", operation_id = "updateNumber",
    params(("number_id" = String, Path, description = "The number's id")),
    request_body = UpdateNumber,
    responses(
        (status = 200, body = NumberView, description = "The number as it is now"),
        (status = 404, description = "Phone number not found"),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NumberId>,
    Input(body): Input<UpdateNumber>,
) -> Result<Json<NumberView>, ApiError> {
    if let Patch::Set(at) = body.expires_at {
        super::create::in_future(&app, at)?;
    }
    let patch = NumberPatch { external_id: body.external_id.into(), expires_at: body.expires_at.into() };
    let number = app.store().patch_number(&caller.account, &id, patch).await?;
    let number = number.ok_or_else(ApiError::number_not_found)?;
    app.number_ends().notify_one();
    Ok(Json(super::view(&app, number).await?))
}
