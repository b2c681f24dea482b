//! `GET /v1/contacts`.

use axum::{Json, extract::State};
use utoipa::IntoParams;

use super::ContactView;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read, rules::text},
    page::{Page, Paged},
};

/// Which contacts.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListContacts {
    /// Part of a name or of a number, in any case.
    #[param(max_length = 200)]
    search: Option<String>,
    /// Entries per page.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    limit: u32,
    /// Entries to skip.
    #[param(minimum = 0, default = 0, required = false)]
    offset: u32,
}

impl Read for ListContacts {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let Page { limit, offset } = Page::read_with(fields, 50, 200);
        Some(Self { search: fields.optional("search", text().chars(0..=200)), limit, offset })
    }
}

/// The account's contacts, newest first.
#[utoipa::path(
    get, path = "/v1/contacts", tag = "contacts", operation_id = "listContacts",
    params(ListContacts),
    responses((status = 200, body = Paged<ContactView>, description = "One page of contacts"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(ListContacts { search, limit, offset }): Query<ListContacts>,
) -> Result<Json<Paged<ContactView>>, ApiError> {
    let page = Page { limit, offset };
    let contacts = app.store().contacts(&caller.account, search.as_deref(), page.into()).await?;
    Ok(Json(Paged::of(contacts, ContactView::from)))
}
