//! `GET /v1/sub-accounts`.

use std::{collections::HashMap, time::Duration};

use axum::{Json, extract::State};
use offhook_model::{Timestamp, id::AccountId};
use offhook_store::Page;
use utoipa::IntoParams;

use super::view::{Stats, SubAccountView};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Query, Read, rules::integer},
    page::Paged,
};

/// Rows where no limit is asked for: all, within reason.
const UNLIMITED: u32 = 1_000;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Which sub-accounts, and what of them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Entries per page; without it all of them, at most 1,000.
    #[param(minimum = 1, maximum = 100, required = false)]
    limit: Option<u32>,
    /// Entries to skip.
    #[param(minimum = 0, default = 0, required = false)]
    offset: u32,
    /// Adds `stats`: messages and calls of this many days.
    #[param(minimum = 1, maximum = 365, required = false)]
    stats_days: Option<u32>,
}

impl Read for ListQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut number = |name, range| fields.optional(name, integer(range));
        let limit = number("limit", 1..=100);
        let offset = number("offset", 0..=i64::MAX);
        let stats_days = number("stats_days", 1..=365);
        Some(Self {
            limit: limit.and_then(|limit| limit.try_into().ok()),
            offset: u32::try_from(offset.unwrap_or(0)).unwrap_or(u32::MAX),
            stats_days: stats_days.and_then(|days| days.try_into().ok()),
        })
    }
}

/// The account's sub-accounts, newest first.
#[utoipa::path(
    get, path = "/v1/sub-accounts", tag = "sub-accounts", operation_id = "listSubAccounts",
    params(ListQuery),
    responses((status = 200, body = Paged<SubAccountView>, description = "One page of sub-accounts"))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Paged<SubAccountView>>, ApiError> {
    let page = Page { limit: query.limit.unwrap_or(UNLIMITED), offset: query.offset };
    let subs = app.store().sub_accounts(&caller.owner, page).await?;
    let mut stats = match query.stats_days {
        Some(days) => Some(stats(&app, &caller.owner, days).await?),
        None => None,
    };
    Ok(Json(Paged::of(subs, |sub| {
        let stats = stats.as_mut().map(|stats| stats.remove(&sub.id).unwrap_or_default());
        SubAccountView::with(sub, stats)
    })))
}

/// What happened in each sub-account within the last `days` times 24 hours.
async fn stats(app: &App, parent: &AccountId, days: u32) -> Result<HashMap<AccountId, Stats>, ApiError> {
    let since = app.now().checked_sub(DAY * days).unwrap_or(Timestamp::MIN);
    let rows = app.store().sub_account_stats(parent, since).await?;
    Ok(rows.into_iter().map(|row| (row.id, Stats { messages: row.messages, calls: row.calls })).collect())
}
