//! Lists of threads, last active first.
//!
//! A page is found in an index alone and then read; deep ones are found from
//! the end that is nearer.

use offhook_model::id::{AccountId, AgentId};

use crate::{
    Conversation, Page, Paged, Store, StoreError,
    conversations::{counts, from_row},
    statement::{Statement, statements},
    value::{Value, args},
};

/// Shallower pages are found from the top, whatever the length of the list.
const SHALLOW: u64 = 1_000;

/// The page of threads in this order; `$1` account, `$2` and `$3` its limits,
/// `$4` the agent.
macro_rules! page {
    ($of:literal, $order:literal) => {
        concat!(
            "SELECT c.* FROM (SELECT id FROM conversations WHERE account_id = $1",
            $of,
            " ORDER BY last_message_at ",
            $order,
            ", id ",
            $order,
            " LIMIT $2 OFFSET $3) page JOIN conversations c ON c.id = page.id
            ORDER BY c.last_message_at DESC, c.id DESC"
        )
    };
}

statements! {
    DOWN = page!("", "DESC");
    UP = page!("", "ASC");
    AGENT_DOWN = page!(" AND agent_id = $4", "DESC");
    AGENT_UP = page!(" AND agent_id = $4", "ASC");
}

/// Rows of a list, from one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    from_the_top: bool,
    skip: u64,
    take: u64,
}

impl Store {
    /// The account's threads, or one agent's; last active first.
    pub async fn conversations(
        &self,
        account: &AccountId,
        agent: Option<&AgentId>,
        page: Page,
    ) -> Result<Paged<Conversation>, StoreError> {
        let mut conn = self.read().await?;
        let total = counts::total(&mut conn, account, agent).await?;
        let Some(stretch) = Stretch::of(page, total) else {
            return Ok(Paged::new(Vec::new(), total, page));
        };
        let (statement, args) = stretch.query(account, agent);
        let rows = conn.all(statement, args).await?;
        Ok(Paged::new(rows.into_iter().map(from_row).collect::<Result<_, _>>()?, total, page))
    }
}

impl Stretch {
    /// None where the page lies behind the end.
    fn of(page: Page, total: u64) -> Option<Self> {
        let (skip, limit) = (u64::from(page.offset), u64::from(page.limit));
        let take = limit.min(total.checked_sub(skip)?);
        if take == 0 {
            return None;
        }
        let behind = total - skip - take;
        if skip > SHALLOW && behind < skip {
            return Some(Self { from_the_top: false, skip: behind, take });
        }
        Some(Self { from_the_top: true, skip, take })
    }

    fn query(self, account: &AccountId, agent: Option<&AgentId>) -> (&'static Statement, Vec<Value>) {
        let row_count = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
        let mut args = args![account, row_count(self.take), row_count(self.skip)];
        let statement = match (agent, self.from_the_top) {
            (None, true) => &DOWN,
            (None, false) => &UP,
            (Some(_), true) => &AGENT_DOWN,
            (Some(_), false) => &AGENT_UP,
        };
        args.extend(agent.map(Value::from));
        (statement, args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_pages_are_found_from_the_nearer_end() {
        let stretch = |limit, offset, total| {
            Stretch::of(Page { limit, offset }, total).map(|s| (s.from_the_top, s.skip, s.take))
        };
        assert_eq!(stretch(20, 0, 0), None);
        assert_eq!(stretch(20, 5, 5), None);
        assert_eq!(stretch(20, u32::MAX, 5), None);
        assert_eq!(stretch(20, 0, 5), Some((true, 0, 5)));
        assert_eq!(stretch(20, 1_000, 1_010), Some((true, 1_000, 10)));
        assert_eq!(stretch(20, 1_001, 1_010), Some((false, 0, 9)));
        assert_eq!(stretch(20, 600_000, 1_000_000), Some((false, 399_980, 20)));
        assert_eq!(stretch(20, 400_000, 1_000_000), Some((true, 400_000, 20)));
    }
}
