//! Cursor paging (contract `errors-and-limits.md` §7).
//!
//! A cursor is the id of a message or a moment. Newest first in both
//! directions: `before` gives the latest of what is older, `after` the
//! earliest of what is newer.

use offhook_model::{Timestamp, id::AccountId};
use offhook_store::{CursorPage, CursorPaged, Position};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    error::{ApiError, Fault},
    input::{Fields, Read, rules},
};

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CursorQuery {
    /// Entries per page.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    pub limit: u32,
    /// Only entries older than this one: a message's id, or a moment.
    #[param(required = false)]
    pub before: Option<String>,
    /// Only entries newer than this one: a message's id, or a moment.
    #[param(required = false)]
    pub after: Option<String>,
}

impl Read for CursorQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", rules::integer(1..=200));
        Some(Self {
            limit: limit.and_then(|limit| limit.try_into().ok()).unwrap_or(50),
            before: fields.optional("before", rules::text()),
            after: fields.optional("after", rules::text()),
        })
    }
}

impl CursorQuery {
    /// Finds the places the cursors name.
    ///
    /// # Errors
    /// 422 for what is neither a message of the account nor a moment.
    pub async fn page(&self, app: &App, account: &AccountId) -> Result<CursorPage, ApiError> {
        let before = place(app, account, "before", self.before.as_deref(), Position::before).await?;
        let after = place(app, account, "after", self.after.as_deref(), Position::after).await?;
        Ok(CursorPage { limit: self.limit, before, after })
    }
}

async fn place(
    app: &App,
    account: &AccountId,
    name: &'static str,
    cursor: Option<&str>,
    of_moment: fn(Timestamp) -> Position,
) -> Result<Option<Position>, ApiError> {
    let Some(cursor) = cursor else { return Ok(None) };
    if let Some(position) = app.store().message_position(account, &cursor.into()).await? {
        return Ok(Some(position));
    }
    // A `+` of an offset that was not percent-encoded arrives as a space.
    match cursor.trim().replace(' ', "+").parse::<Timestamp>() {
        Ok(moment) => Ok(Some(of_moment(moment))),
        Err(_) => Err(ApiError::validation(vec![Fault::new(
            vec!["query".into(), name.into()],
            "value_error",
            "Value error, expected a message id or a timestamp",
        )])),
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cursored<T> {
    /// This page, newest first.
    pub data: Vec<T>,
    /// Whether entries follow in the direction asked for.
    pub has_more: bool,
}

impl<T> Cursored<T> {
    /// A page of the store, every row shown by `view`.
    pub fn of<R>(page: CursorPaged<R>, view: impl FnMut(R) -> T) -> Self {
        Self { data: page.data.into_iter().map(view).collect(), has_more: page.has_more }
    }
}
