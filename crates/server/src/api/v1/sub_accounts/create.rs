//! `POST /v1/sub-accounts`.

use axum::{Json, extract::State};
use http::StatusCode;
use offhook_model::id::AccountId;
use offhook_store::SubAccount;

use super::{SubAccountName, view::SubAccountView};
use crate::{app::App, auth::Caller, error::ApiError, idempotency::promise, input::Input};

/// Makes a sub-account.
///
/// Agents, numbers, conversations, calls, contacts, webhooks and the 10DLC
/// registration of a sub-account are its own; keys and balance are shared.
#[utoipa::path(
    post, path = "/v1/sub-accounts", tag = "sub-accounts", operation_id = "createSubAccount",
    request_body = SubAccountName,
    responses(
        (status = 200, body = SubAccountView, description = "The sub-account"),
        (status = 400, description = "A sub-account cannot have sub-accounts"),
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SubAccountName>,
) -> Result<Json<SubAccountView>, ApiError> {
    let owner = app.store().account(&caller.owner).await?;
    if owner.is_none_or(|owner| owner.parent_id.is_some()) {
        return Err(ApiError::bad_request("A sub-account cannot have sub-accounts"));
    }
    let now = app.now();
    let sub = SubAccount {
        id: AccountId::new_sub(now, rand::random()),
        parent_id: caller.owner,
        name: body.name,
        created_at: now,
        updated_at: now,
    };
    promise(StatusCode::OK, {
        let sub = sub.clone();
        move |_rows: &u64| Some(SubAccountView::from(sub.clone()))
    });
    app.store().create_sub_account(&sub).await?;
    Ok(Json(sub.into()))
}
