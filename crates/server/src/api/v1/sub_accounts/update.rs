//! `PATCH /v1/sub-accounts/{sub_account_id}`.

use axum::{Json, extract::State};
use offhook_model::id::AccountId;

use super::{SubAccountName, view::SubAccountView};
use crate::{
    app::App,
    auth::{Caller, unknown_sub_account},
    error::ApiError,
    input::Input,
    path::Path,
};

/// Gives a sub-account another name.
#[utoipa::path(
    patch, path = "/v1/sub-accounts/{sub_account_id}", tag = "sub-accounts", operation_id = "updateSubAccount",
    params(("sub_account_id" = String, Path, description = "The sub-account")),
    request_body = SubAccountName,
    responses(
        (status = 200, body = SubAccountView, description = "The sub-account as it is now"),
        (status = 404, description = "Sub-account not found"),
    )
)]
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Input(body): Input<SubAccountName>,
) -> Result<Json<SubAccountView>, ApiError> {
    let renamed = app.store().rename_sub_account(&caller.owner, &id, &body.name, app.now()).await?;
    Ok(Json(renamed.ok_or_else(unknown_sub_account)?.into()))
}
