//! What the call lists may be narrowed by (contract §5.3).

use utoipa::IntoParams;

use crate::{
    input::{Fields, Read, rules},
    page::Page,
};

/// Page and filters. Values nobody knows match nothing.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallsQuery {
    /// Entries per page.
    #[param(minimum = 1, maximum = 100, default = 20, required = false)]
    pub limit: u32,
    /// Entries to skip.
    #[param(minimum = 0, default = 0, required = false)]
    pub offset: u32,
    /// `completed`, `in-progress`, `failed`; also `ringing`, `busy`, `no-answer`.
    pub status: Option<String>,
    /// `inbound`, `outbound` or `web`.
    pub direction: Option<String>,
    /// `pstn` or `web`.
    #[param(rename = "type")]
    pub kind: Option<String>,
    /// Part of either number, in any case.
    pub search: Option<String>,
}

impl CallsQuery {
    /// The page it asks for.
    #[must_use]
    pub fn page(&self) -> Page {
        Page { limit: self.limit, offset: self.offset }
    }
}

impl Read for CallsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let Page { limit, offset } = Page::read(fields)?;
        Some(Self {
            limit,
            offset,
            status: fields.optional("status", rules::text()),
            direction: fields.optional("direction", rules::text()),
            kind: fields.optional("type", rules::text()),
            search: fields.optional("search", rules::text()),
        })
    }
}
