//! Months of held numbers: charged one after the other, each once.

use offhook_model::{Timestamp, id::NumberId, number::Number, usage::LedgerEntry};

use crate::{Store, StoreError, numbers::from_row, statement::statements, usage::charge, value::args};

/// A held number whose paid month is over.
#[derive(Debug, Clone, PartialEq)]
pub struct UnpaidNumber {
    /// The number.
    pub number: Number,
    /// When its paid month ended.
    pub paid_until: Timestamp,
}

statements! {
    UNPAID = "SELECT * FROM numbers WHERE status = 'active' AND paid_until <= $1 ORDER BY paid_until, id LIMIT $2";
    NEXT = "SELECT MIN(paid_until) AS next FROM numbers WHERE status = 'active' AND paid_until > $1";
    EXTEND = "UPDATE numbers SET paid_until = $3 WHERE id = $1 AND paid_until = $2 AND status = 'active'";
}

impl Store {
    /// Held numbers of any account whose paid month is over, longest over first.
    pub async fn unpaid_numbers(&self, now: Timestamp, limit: u32) -> Result<Vec<UnpaidNumber>, StoreError> {
        let rows = self.read().await?.all(&UNPAID, args![now, limit]).await?;
        rows.into_iter()
            .map(|row| Ok(UnpaidNumber { paid_until: row.time("paid_until")?, number: from_row(row)? }))
            .collect()
    }

    /// When the next paid month ends, after `now`.
    pub async fn next_unpaid_number(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read().await?.one(&NEXT, args![now]).await?.opt_time("next")
    }

    /// Records the month of a number that began at `from` and ends at `until`.
    /// False when somebody else has, or the number was given back. The entry is
    /// recorded whether it is covered or not: only `Metered` and `Owed` make sense.
    pub async fn charge_number_month(
        &self,
        number: &NumberId,
        from: Timestamp,
        until: Timestamp,
        entry: LedgerEntry,
    ) -> Result<bool, StoreError> {
        let number = number.clone();
        self.write(move |tx| {
            let (number, entry) = (number.clone(), entry.clone());
            Box::pin(async move {
                if tx.execute(&EXTEND, args![&number, from, until]).await? == 0 {
                    return Ok(false);
                }
                let _recorded = charge(tx, &entry).await?;
                Ok(true)
            })
        })
        .await
    }
}
