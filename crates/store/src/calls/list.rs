//! Lists of calls.
//!
//! Totals come from [`super::counts`]. A deep page, or one whose filter the
//! index does not know, is found day by day in the same counts, so that no
//! more than the days of the page are read. A search has no counts: it reads
//! every call of its scope.

use offhook_model::id::{AccountId, AgentId, NumberId};

use super::{Call, from_row};
use crate::{
    Page, Paged, Store, StoreError,
    conn::Conn,
    like,
    row::Row,
    statement::{Statement, statements},
    value::{Value, args},
};

pub(crate) mod days;
mod words;

use days::Days;
use words::Words;

/// A row of a list of calls.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSummary {
    /// The call.
    pub call: Call,
    /// The last words of its transcript.
    pub last_words: Option<String>,
}

/// Which calls a list holds; what is none does not filter. Unknown words
/// match nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// A rendered status, or a finer word ([`CallState::fine_word`]).
    pub status: Option<String>,
    /// `inbound`, `outbound`, `web`.
    pub direction: Option<String>,
    /// `pstn`, `web`.
    pub kind: Option<String>,
    /// Part of from or to, in any case.
    pub search: Option<String>,
    /// Calls of this agent.
    pub agent_id: Option<AgentId>,
    /// Calls over this number; without effect beside an agent.
    pub number_id: Option<NumberId>,
}

/// Up to here an offset is counted off in the index.
///
/// Small in tests, so that they look by day.
const SHALLOW: u32 = if cfg!(test) { 5 } else { 1_000 };

/// `$1` account, `$2` to `$3` moments, `$4` status, `$5` finer word, `$6` direction, `$7` type, `$8` search
/// pattern; then the agent or number of the scope. What is null does not filter.
macro_rules! chosen {
    ($head:literal, $scope:literal, $tail:expr) => {
        concat!(
            $head,
            " FROM calls c WHERE c.account_id = $1 AND c.started_at >= $2 AND c.started_at < $3",
            $scope,
            " AND (CAST($5 AS TEXT) IS NULL OR c.fine_word = $5)
            AND (CAST($6 AS TEXT) IS NULL OR c.direction = $6)
            AND (CAST($7 AS TEXT) IS NULL OR CASE WHEN c.direction = 'web' THEN 'web' ELSE 'pstn' END = $7)
            AND (CAST($8 AS TEXT) IS NULL OR LOWER(c.from_number) LIKE $8 ESCAPE '!'
                OR LOWER(c.to_number) LIKE $8 ESCAPE '!')",
            $tail
        )
    };
}
/// The inner query finds the page in the index; only its rows are read, each
/// with one probe for its last words. Then come limit and offset.
macro_rules! page {
    ($scope:literal, $part:literal) => {
        chosen!(
            "SELECT c.*, (SELECT t.body FROM turns t WHERE t.call_id = c.id ORDER BY t.idx DESC LIMIT 1) AS last_words
            FROM (SELECT c.id",
            $scope,
            concat!(
                " ORDER BY c.started_at DESC, c.id DESC ",
                $part,
                ") AS page JOIN calls c ON c.id = page.id ORDER BY c.started_at DESC, c.id DESC"
            )
        )
    };
}

statements! {
    OF_ACCOUNT = page!(" AND (CAST($4 AS TEXT) IS NULL OR c.status = $4)", "LIMIT $9 OFFSET $10");
    OF_STATUS = page!(" AND c.status = $4", "LIMIT $9 OFFSET $10");
    OF_AGENT = page!(" AND c.agent_id = $9 AND (CAST($4 AS TEXT) IS NULL OR c.status = $4)", "LIMIT $10 OFFSET $11");
    OF_NUMBER = page!(" AND c.number_id = $9 AND (CAST($4 AS TEXT) IS NULL OR c.status = $4)", "LIMIT $10 OFFSET $11");
    FOUND_OF_ACCOUNT = chosen!("SELECT COUNT(*) AS total", " AND (CAST($4 AS TEXT) IS NULL OR c.status = $4)", "");
    FOUND_OF_AGENT = chosen!("SELECT COUNT(*) AS total",
        " AND c.agent_id = $9 AND (CAST($4 AS TEXT) IS NULL OR c.status = $4)", "");
    FOUND_OF_NUMBER = chosen!("SELECT COUNT(*) AS total",
        " AND c.number_id = $9 AND (CAST($4 AS TEXT) IS NULL OR c.status = $4)", "");
}

/// Moments of a part of a list, in ms; the end is not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: i64,
    to: i64,
}

const ALWAYS: Span = Span { from: i64::MIN, to: i64::MAX };

impl Store {
    /// The account's calls, newest start first.
    pub async fn calls(
        &self,
        account: &AccountId,
        filter: &CallFilter,
        page: Page,
    ) -> Result<Paged<CallSummary>, StoreError> {
        let Some(words) = Words::of(filter) else { return Ok(Paged::new(Vec::new(), 0, page)) };
        let list = List { account, filter, words };
        let mut conn = self.read().await?;
        let total = list.total(&mut conn).await?;
        if u64::from(page.offset) >= total {
            return Ok(Paged::new(Vec::new(), total, page));
        }
        let rows = if list.is_shallow(page) {
            list.rows(&mut conn, ALWAYS, page.limit, page.offset).await?
        } else {
            list.rows_by_day(&mut conn, page).await?
        };
        let summary =
            |row: Row| Ok(CallSummary { call: from_row(&row)?, last_words: row.opt_text("last_words")? });
        Ok(Paged::new(rows.into_iter().map(summary).collect::<Result<_, StoreError>>()?, total, page))
    }
}

/// One list that was asked for.
struct List<'a> {
    account: &'a AccountId,
    filter: &'a CallFilter,
    words: Words,
}

impl List<'_> {
    /// Whether an index leads straight to the page.
    fn is_shallow(&self, page: Page) -> bool {
        let is_indexed = match (self.scope(), &self.words.status) {
            (Some(_), Some(_)) => false,
            _ => {
                self.words.fine_word.is_none()
                    && self.filter.direction.is_none()
                    && self.filter.kind.is_none()
            }
        };
        self.filter.search.is_some() || (is_indexed && page.offset <= SHALLOW)
    }

    /// The agent or number whose calls these are.
    fn scope(&self) -> Option<&str> {
        let agent = self.filter.agent_id.as_ref().map(AgentId::as_str);
        agent.or(self.filter.number_id.as_ref().map(NumberId::as_str))
    }

    async fn total(&self, conn: &mut Conn) -> Result<u64, StoreError> {
        if self.filter.search.is_none() {
            return Days::total(conn, self.account, self.scope().unwrap_or(""), &self.words).await;
        }
        let count = match (&self.filter.agent_id, &self.filter.number_id) {
            (Some(_), _) => &FOUND_OF_AGENT,
            (None, Some(_)) => &FOUND_OF_NUMBER,
            (None, None) => &FOUND_OF_ACCOUNT,
        };
        conn.one(count, self.args(ALWAYS)).await?.number("total")
    }

    /// The rows of a span after the first `offset`.
    async fn rows(
        &self,
        conn: &mut Conn,
        span: Span,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Row>, StoreError> {
        let mut args = self.args(span);
        args.extend(args![limit, offset]);
        conn.all(self.statement(), args).await
    }

    /// The rows of a page, looked for only on the days that hold them.
    async fn rows_by_day(&self, conn: &mut Conn, page: Page) -> Result<Vec<Row>, StoreError> {
        let days = Days::of(conn, self.account, self.scope().unwrap_or(""), &self.words).await?;
        let (mut offset, spans) = days.holding(page);
        let mut rows = Vec::new();
        for span in spans {
            let wanted = page.limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            if wanted == 0 {
                break;
            }
            rows.extend(self.rows(conn, span, wanted, std::mem::take(&mut offset)).await?);
        }
        Ok(rows)
    }

    fn statement(&self) -> &'static Statement {
        match (&self.filter.agent_id, &self.filter.number_id, &self.words.status) {
            (Some(_), ..) => &OF_AGENT,
            (None, Some(_), _) => &OF_NUMBER,
            (None, None, Some(_)) => &OF_STATUS,
            (None, None, None) => &OF_ACCOUNT,
        }
    }

    fn args(&self, span: Span) -> Vec<Value> {
        let mut args = args![
            self.account,
            span.from,
            span.to,
            self.words.status.map(str::to_owned),
            self.words.fine_word.map(str::to_owned),
            self.filter.direction.clone(),
            self.filter.kind.clone(),
            self.filter.search.as_deref().map(like::contains)
        ];
        args.extend(self.scope().map(Value::from));
        args
    }
}
