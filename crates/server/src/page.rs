//! Offset paging (contract `errors-and-limits.md` §7).

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::input::{Fields, Read, rules};

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Entries per page.
    #[param(minimum = 1, maximum = 100, default = 20, required = false)]
    pub limit: u32,
    /// Entries to skip.
    #[param(minimum = 0, default = 0, required = false)]
    pub offset: u32,
}

impl Page {
    /// Reads `limit` and `offset`; outside `1..=max` and below zero are faults.
    pub fn read_with(fields: &mut Fields<'_>, default: u32, max: u32) -> Self {
        let limit = fields.optional("limit", rules::integer(1..=i64::from(max)));
        let offset = fields.optional("offset", rules::integer(0..=i64::MAX));
        Self {
            limit: limit.and_then(|limit| limit.try_into().ok()).unwrap_or(default),
            // No list is that long: a later offset finds nothing either.
            offset: u32::try_from(offset.unwrap_or(0)).unwrap_or(u32::MAX),
        }
    }
}

/// The page of most lists: 20 by default, at most 100.
impl Read for Page {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self::read_with(fields, 20, 100))
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Paged<T> {
    /// This page.
    pub data: Vec<T>,
    /// Whether entries follow.
    pub has_more: bool,
    /// Entries in the whole list.
    pub total: u64,
}

impl<T> Paged<T> {
    /// The page `page` of a list of `total`.
    pub fn new(page: Page, data: Vec<T>, total: u64) -> Self {
        let has_more = u64::from(page.offset).saturating_add(data.len() as u64) < total;
        Self { data, has_more, total }
    }

    /// A page of the store, every row shown by `view`.
    pub fn of<R>(page: offhook_store::Paged<R>, view: impl FnMut(R) -> T) -> Self {
        let offhook_store::Paged { data, total, has_more } = page;
        Self { data: data.into_iter().map(view).collect(), has_more, total }
    }
}

impl From<Page> for offhook_store::Page {
    fn from(page: Page) -> Self {
        Self { limit: page.limit, offset: page.offset }
    }
}
