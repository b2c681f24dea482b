//! Message templates of a WhatsApp business account.

mod create;
mod delete;
mod list;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list, create::create, delete::delete))
}

/// Reads a word of WhatsApp in any case.
fn upper<T>(word: &str, read: fn(&str) -> Option<T>) -> Option<T> {
    read(&word.to_ascii_uppercase())
}
