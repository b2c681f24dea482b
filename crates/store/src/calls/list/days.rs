//! How many calls of a list began on each day.

use offhook_model::id::AccountId;

use super::{Span, Words};
use crate::{
    Page, StoreError,
    conn::Conn,
    statement::statements,
    usage::tally::DAY_MS,
    value::{Value, args},
};

/// `$3` to `$5` directions, `$6` to `$11` finer words; what is null matches nothing.
macro_rules! counted {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " FROM call_counts WHERE account_id = $1 AND scope = $2 ",
            $tail,
            " AND direction IN ($3, $4, $5) AND fine_word IN ($6, $7, $8, $9, $10, $11)"
        )
    };
}

statements! {
    TOTAL = counted!("SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) AS total", "AND day = -1");
    BY_DAY = concat!(
        counted!("SELECT day, CAST(SUM(n) AS BIGINT) AS total", "AND day >= 0"),
        " GROUP BY day ORDER BY day DESC"
    );
}

/// The days of a list, newest first, with their calls.
pub(super) struct Days(Vec<(i64, u64)>);

impl Days {
    /// Calls of all days.
    pub(super) async fn total(
        conn: &mut Conn,
        account: &AccountId,
        scope: &str,
        words: &Words,
    ) -> Result<u64, StoreError> {
        conn.one(&TOTAL, args(account, scope, words)).await?.number("total")
    }

    /// Calls of each day.
    pub(super) async fn of(
        conn: &mut Conn,
        account: &AccountId,
        scope: &str,
        words: &Words,
    ) -> Result<Self, StoreError> {
        let rows = conn.all(&BY_DAY, args(account, scope, words)).await?;
        let days = rows.iter().map(|row| Ok((row.int("day")?, row.number("total")?)));
        Ok(Self(days.collect::<Result<_, StoreError>>()?))
    }

    /// The spans that hold a page, newest first, and how many calls of the
    /// first come before the page. Days that follow each other are one span.
    pub(super) fn holding(&self, page: Page) -> (u32, Vec<Span>) {
        let (mut skip, mut wanted) = (u64::from(page.offset), u64::from(page.limit));
        let mut before = 0;
        let mut spans: Vec<Span> = Vec::new();
        for &(day, calls) in self.0.iter().filter(|(_, calls)| *calls > 0) {
            if skip >= calls {
                skip -= calls;
                continue;
            }
            if spans.is_empty() {
                before = skip;
            }
            let here = (calls - std::mem::take(&mut skip)).min(wanted);
            let (from, to) = (day.saturating_mul(DAY_MS), (day + 1).saturating_mul(DAY_MS));
            match spans.last_mut() {
                Some(last) if last.from == to => last.from = from,
                _ => spans.push(Span { from, to }),
            }
            wanted -= here;
            if wanted == 0 {
                break;
            }
        }
        (u32::try_from(before).unwrap_or(u32::MAX), spans)
    }
}

fn args(account: &AccountId, scope: &str, words: &Words) -> Vec<Value> {
    let mut args = args![account, scope];
    let padded = |words: &[&str], places: usize| -> Vec<Value> {
        let mut values: Vec<_> = words.iter().map(|word| Value::from(*word)).collect();
        values.resize(places, Value::Text(None));
        values
    };
    args.extend(padded(&words.directions, 3));
    args.extend(padded(words.fine_words, 6));
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(first: i64, last: i64) -> Span {
        Span { from: first * DAY_MS, to: (last + 1) * DAY_MS }
    }

    fn page(limit: u32, offset: u32) -> Page {
        Page { limit, offset }
    }

    #[test]
    fn a_page_is_looked_for_on_its_days_only() {
        let days = Days(vec![(20, 5), (19, 10), (10, 3), (9, 0), (8, 4)]);
        for (asked, before, spans) in [
            (page(3, 0), 0, vec![span(20, 20)]),
            (page(5, 0), 0, vec![span(20, 20)]),
            (page(6, 0), 0, vec![span(19, 20)]),
            (page(6, 5), 0, vec![span(19, 19)]),
            (page(6, 12), 7, vec![span(19, 19), span(10, 10)]),
            (page(9, 13), 8, vec![span(19, 19), span(10, 10), span(8, 8)]),
            (page(100, 21), 3, vec![span(8, 8)]),
            (page(1, 22), 0, vec![]),
        ] {
            assert_eq!(days.holding(asked), (before, spans), "{asked:?}");
        }
    }
}
