//! `PUT /v1/numbers/{number_id}/contact-card`.

use axum::{Json, extract::State};
use offhook_model::id::NumberId;
use utoipa::ToSchema;

use super::CardView;
use crate::{
    app::App,
    auth::Caller,
    contact_cards::{self, NewCard},
    error::ApiError,
    input::{
        Fields, Input, Read,
        rules::{or_empty, text},
    },
    path::Path,
};

/// What recipients shall see of a line; it replaces what was there.
#[derive(Debug, ToSchema)]
#[schema(
    rename_all = "camelCase",
    example = json!({"firstName": "Acme", "lastName": "Support", "avatarUrl": "https://example.com/logo.png"})
)]
pub(crate) struct SetCard {
    /// First name.
    #[schema(max_length = 200)]
    first_name: Option<String>,
    /// Last name.
    #[schema(max_length = 200)]
    last_name: Option<String>,
    /// The name as a whole.
    #[schema(max_length = 200)]
    display_name: Option<String>,
    /// https; JPEG, PNG, GIF, WebP or HEIC of at most 10 MB.
    #[schema(max_length = 2048)]
    avatar_url: Option<String>,
}

impl Read for SetCard {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut optional = |name: &str, longest: usize| {
            fields.optional(name, or_empty(text().trimmed().chars(1..=longest))).flatten()
        };
        Some(Self {
            first_name: optional("firstName", 200),
            last_name: optional("lastName", 200),
            display_name: optional("displayName", 200),
            avatar_url: optional("avatarUrl", 2048),
        })
    }
}

/// Sets the contact card of an iMessage line.
#[utoipa::path(
    put, path = "/v1/numbers/{number_id}/contact-card", tag = "contact-cards", operation_id = "putContactCard",
    params(("number_id" = String, Path, description = "The number's id")),
    request_body = SetCard,
    responses(
        (status = 200, body = CardView, description = "The card"),
        (status = 400, description = "Not an iMessage line, or the picture cannot be used"),
        (status = 404, description = "Phone number not found"),
        (status = 502, description = "The carrier refused"),
    )
)]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NumberId>,
    Input(body): Input<SetCard>,
) -> Result<Json<CardView>, ApiError> {
    let new = NewCard {
        first_name: body.first_name,
        last_name: body.last_name,
        display_name: body.display_name,
        avatar_url: body.avatar_url,
    };
    Ok(Json(contact_cards::set(&app, &caller.account, &id, new).await?.into()))
}
