//! Counting deliveries.

use offhook_model::{Timestamp, id::AccountId};

use crate::{DeliveryStatus, Store, StoreError, statement::statements, value::args};

/// How many deliveries of one kind, status and hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCount {
    /// `agent.call_ended`, ….
    pub event_type: String,
    /// Where they stand.
    pub status: DeliveryStatus,
    /// The hour in which the events happened; none in all-time counts.
    pub hour: Option<Timestamp>,
    /// How many.
    pub count: u64,
}

statements! {
    BY_HOUR = "SELECT event_type, status, created_at / 3600000 AS hour, COUNT(*) AS total FROM events
        WHERE account_id = $1 AND created_at >= $2
        GROUP BY event_type, status, created_at / 3600000
        ORDER BY created_at / 3600000, event_type, status";
    ALL_TIME = "SELECT event_type, status, COUNT(*) AS total FROM events WHERE account_id = $1
        GROUP BY event_type, status ORDER BY event_type, status";
}

impl Store {
    /// Counts per hour since a moment, oldest hour first.
    pub async fn delivery_counts(
        &self,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<DeliveryCount>, StoreError> {
        let rows = self.read().await?.all(&BY_HOUR, args![account, since]).await?;
        rows.iter()
            .map(|row| {
                let hour = Timestamp::from_millisecond(row.int("hour")?.saturating_mul(3_600_000))
                    .map_err(|error| StoreError::corrupt(format!("column created_at: {error}")))?;
                Ok(DeliveryCount {
                    event_type: row.text("event_type")?,
                    status: row.word("status", DeliveryStatus::from_word)?,
                    hour: Some(hour),
                    count: row.number("total")?,
                })
            })
            .collect()
    }

    /// Counts of all time.
    pub async fn all_time_delivery_counts(
        &self,
        account: &AccountId,
    ) -> Result<Vec<DeliveryCount>, StoreError> {
        let rows = self.read().await?.all(&ALL_TIME, args![account]).await?;
        rows.iter()
            .map(|row| {
                Ok(DeliveryCount {
                    event_type: row.text("event_type")?,
                    status: row.word("status", DeliveryStatus::from_word)?,
                    hour: None,
                    count: row.number("total")?,
                })
            })
            .collect()
    }
}
