//! The monthly price of held numbers.
//!
//! The first month is paid with the purchase; each further one falls due when
//! the last is over, and is charged also when nobody looked for a while. A
//! month that the balance does not cover is owed: the number stays.

use std::time::Duration;

use jiff::{ToSpan, tz::TimeZone};
use offhook_model::{
    Timestamp,
    id::UsageId,
    number::Number,
    usage::{LedgerEntry, Payment, UsageKind},
};
use offhook_store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::{app::App, error::Chain, settings::Settings};

/// Numbers read in one go.
const BATCH: u32 = 100;
/// Longest sleep between two looks.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);
/// Pause after the store failed.
const PAUSE: Duration = Duration::from_secs(10);

/// Charges months as they fall due, until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let now = app.now();
        let sleep = match charge_due(&app, now).await {
            Ok(_) => until_next(&app, now).await,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "months of numbers cannot be charged");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// Charges every month that has begun by `now`; how many.
///
/// # Errors
/// What the store answered; what was charged before stays charged.
pub async fn charge_due(app: &App, now: Timestamp) -> Result<u64, StoreError> {
    let mut charged = 0;
    loop {
        let unpaid = app.store().unpaid_numbers(now, BATCH).await?;
        if unpaid.is_empty() {
            return Ok(charged);
        }
        for due in unpaid {
            let until = month_after(due.number.created_at, due.paid_until);
            let entry = entry(app.settings(), &due.number, due.paid_until, app.settings().owed());
            let done = app.store().charge_number_month(&due.number.id, due.paid_until, until, entry).await?;
            charged += u64::from(done);
        }
    }
}

/// The ledger entry of the month that begins at `from`.
pub(crate) fn entry(settings: &Settings, number: &Number, from: Timestamp, payment: Payment) -> LedgerEntry {
    LedgerEntry {
        id: UsageId::new(from, rand::random()),
        account_id: number.account_id.clone(),
        kind: UsageKind::NumberMonth,
        quantity: 1,
        amount_micros: settings.prices.amount(UsageKind::NumberMonth, 1),
        agent_id: None,
        number_id: Some(number.id.clone()),
        subject: format!("{}:{}", number.id, from.strftime("%Y-%m-%d")),
        at: from,
        payment,
    }
}

/// The first end of a month after `at`, months counted in UTC from `anchor`: a number
/// bought on the 31st is due on the last day of shorter months.
pub(crate) fn month_after(anchor: Timestamp, at: Timestamp) -> Timestamp {
    let begun = anchor.to_zoned_datetime(TimeZone::UTC);
    let now = at.to_zoned_datetime(TimeZone::UTC);
    let apart = 12 * (i32::from(now.year()) - i32::from(begun.year())) + i32::from(now.month())
        - i32::from(begun.month());
    // The end of the month of `at` may come before it, or at it.
    (apart.max(0)..)
        .take(3)
        .filter_map(|months| begun.checked_add(months.months()).ok())
        .map(|end| end.timestamp())
        .find(|end| *end > at)
        .unwrap_or(Timestamp::MAX)
}

async fn until_next(app: &App, looked_at: Timestamp) -> Duration {
    match app.store().next_unpaid_number(looked_at).await {
        Ok(Some(due)) => {
            let wait = Duration::try_from(due.duration_since(app.now())).unwrap_or(Duration::ZERO);
            wait.clamp(Duration::from_millis(10), LONGEST_SLEEP)
        }
        Ok(None) => LONGEST_SLEEP,
        Err(_) => PAUSE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_do_not_drift_over_short_ones() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let anchor = at("2025-01-31T10:00:00Z");
        let mut end = anchor;
        let ends: Vec<_> = std::iter::repeat_with(|| {
            end = month_after(anchor, end);
            end.to_string()
        })
        .take(13)
        .collect();
        assert_eq!(ends[0], "2025-02-28T10:00:00Z");
        assert_eq!(ends[1], "2025-03-31T10:00:00Z");
        assert_eq!(ends[2], "2025-04-30T10:00:00Z");
        assert_eq!(ends[11], "2026-01-31T10:00:00Z");
        assert_eq!(ends[12], "2026-02-28T10:00:00Z");
    }

    #[test]
    fn the_month_of_a_moment_within_ends_after_it() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let anchor = at("2025-01-15T10:00:00Z");
        assert_eq!(month_after(anchor, at("2025-03-15T09:59:59Z")), at("2025-03-15T10:00:00Z"));
        assert_eq!(month_after(anchor, at("2025-03-15T10:00:00Z")), at("2025-04-15T10:00:00Z"));
    }
}
