//! Sub-accounts (contract §12). These routes act for the key's own account and
//! leave `X-Sub-Account-Id` unread.

mod create;
mod delete;
mod list;
mod update;
mod view;

use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    input::{Fields, Read, rules::text},
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(update::update, delete::delete))
}

/// A sub-account's name.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"name": "Client A"}))]
pub(crate) struct SubAccountName {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

impl Read for SubAccountName {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { name: fields.required("name", text().trimmed().chars(1..=100))? })
    }
}
