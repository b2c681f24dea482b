//! `GET /auth/me`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, auth::Caller, error::ApiError};

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"user": {"id": "user_01", "email": "ada@example.com", "name": "ada"}}))]
pub(crate) struct Me {
    /// The owner of the account.
    user: Owner,
}

/// The owner of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Owner {
    /// Theirs; the account's, when it was not made by signing up.
    id: String,
    /// Their address; null when the account was not made by signing up.
    #[schema(required)]
    email: Option<String>,
    /// Their name; the account's, when it was not made by signing up.
    name: String,
}

/// Who the key belongs to.
#[utoipa::path(
    get, path = "/auth/me", tag = "auth", operation_id = "getMe",
    responses((status = 200, body = Me, description = "The owner of the account"))
)]
pub(crate) async fn me(State(app): State<App>, caller: Caller) -> Result<Json<Me>, ApiError> {
    if let Some(user) = app.store().user_of(&caller.account).await? {
        let user = Owner { id: user.id.to_string(), email: Some(user.email), name: user.name };
        return Ok(Json(Me { user }));
    }
    let name = app.store().account(&caller.account).await?.map(|account| account.name);
    let user = Owner { id: caller.account.to_string(), email: None, name: name.unwrap_or_default() };
    Ok(Json(Me { user }))
}
