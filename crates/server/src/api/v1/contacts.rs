//! The address book (contract §9).

mod capabilities;
mod create;
mod delete;
mod get;
mod list;
mod update;
mod view;

use offhook_model::id::ContactId;
use offhook_store::Contact;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use view::ContactView;

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::rules::{Text, text},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(capabilities::capabilities))
        .routes(routes!(get::get, update::update, delete::delete))
}

/// The caller's contact of this id.
///
/// # Errors
/// 404 when there is none, or it is somebody else's.
pub async fn find(app: &App, caller: &Caller, id: &ContactId) -> Result<Contact, ApiError> {
    app.store().contact(&caller.account, id).await?.ok_or_else(unknown)
}

/// The 404 of contacts.
#[must_use]
pub fn unknown() -> ApiError {
    ApiError::not_found("Contact not found")
}

/// The 409 of a number that has a contact.
fn duplicate() -> ApiError {
    ApiError::conflict("A contact with this phone number already exists")
}

fn name() -> Text {
    text().trimmed().chars(1..=200)
}

/// RFC 5321 allows 64 characters, an @ and 255 more.
fn email() -> Text {
    text().trimmed().chars(0..=320)
}

fn notes() -> Text {
    text().chars(0..=10_000)
}
