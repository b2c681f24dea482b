//! `DELETE /v1/sub-accounts/{sub_account_id}`.

use axum::{Json, extract::State};
use offhook_model::id::AccountId;
use offhook_store::DeleteSubAccount;

use crate::{
    api::v1::Success,
    app::App,
    auth::{Caller, unknown_sub_account},
    error::ApiError,
    path::Path,
};

/// Deletes a sub-account, for good. Its numbers must be given back first; its
/// history is kept, out of reach.
#[utoipa::path(
    delete, path = "/v1/sub-accounts/{sub_account_id}", tag = "sub-accounts", operation_id = "deleteSubAccount",
    params(("sub_account_id" = String, Path, description = "The sub-account")),
    responses(
        (status = 200, body = Success, description = "It is gone"),
        (status = 404, description = "Sub-account not found"),
        (status = 409, description = "It holds active phone numbers"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Json<Success>, ApiError> {
    match app.store().delete_sub_account(&caller.owner, &id, app.now()).await? {
        DeleteSubAccount::Deleted => Ok(Json(Success::YES)),
        DeleteSubAccount::Missing => Err(unknown_sub_account()),
        DeleteSubAccount::HoldsNumbers(held) => {
            let noun = if held == 1 { "number" } else { "numbers" };
            Err(ApiError::conflict(format!(
                "The sub-account holds {held} active phone {noun}. Release them first."
            )))
        }
    }
}
