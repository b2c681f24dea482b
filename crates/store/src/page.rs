//! Offset paging (contract §0.7).

/// Which part of a list is wanted; the limits are the caller's to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// At most this many rows.
    pub limit: u32,
    /// After skipping this many.
    pub offset: u32,
}

/// One page of a list.
///
/// Rows and total are two reads: rows written between them may show in one only.
#[derive(Debug, Clone, PartialEq)]
pub struct Paged<T> {
    /// The rows of this page.
    pub data: Vec<T>,
    /// Rows of the whole list.
    pub total: u64,
    /// Whether rows follow this page.
    pub has_more: bool,
}

impl<T> Paged<T> {
    pub(crate) fn new(data: Vec<T>, total: u64, page: Page) -> Self {
        let has_more = u64::from(page.offset) + (data.len() as u64) < total;
        Self { data, total, has_more }
    }

    /// The same page with every row changed by `f`.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Paged<U> {
        Paged { data: self.data.into_iter().map(f).collect(), total: self.total, has_more: self.has_more }
    }
}
