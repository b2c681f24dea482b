//! The usage ledger: what was used, once each, and what it cost.
//!
//! [`charge`] records an entry, takes its amount from the balance where the
//! operator keeps balances, and adds to the rollups, all in the caller's
//! transaction: at any moment the rollups are the sums over the ledger.

use offhook_model::usage::{LedgerEntry, Payment};

use crate::{Store, StoreError, conn::Conn, statement::statements, value::args};

pub(crate) mod balance;
pub(crate) mod report;
mod runs;
mod span;
pub(crate) mod tally;

use tally::Tally;

/// What came of recording an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an entry that was not paid is not recorded"]
pub enum Charged {
    /// It is in the ledger, now or since before.
    Recorded,
    /// The balance does not cover it; nothing was written.
    InsufficientBalance {
        /// What is left, micros; may be below zero.
        balance_micros: i64,
        /// What it costs, micros.
        needed_micros: i64,
    },
}

statements! {
    KNOWN = "SELECT id FROM usage_events WHERE account_id = $1 AND kind = $2 AND subject = $3";
    RECORD = "INSERT INTO usage_events (account_id, kind, subject, id, quantity, unit, amount_micros, agent_id,
        number_id, payer_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (account_id, kind, subject) DO NOTHING";
}

impl Store {
    /// Records an entry that belongs to no other change: a lookup, a
    /// confirmed code. Those of calls and messages go with them.
    pub async fn charge(&self, entry: LedgerEntry) -> Result<Charged, StoreError> {
        self.write(move |tx| {
            let entry = entry.clone();
            Box::pin(async move { charge(tx, &entry).await })
        })
        .await
    }
}

/// Records an entry inside somebody's transaction, unless it is recorded.
pub(crate) async fn charge(tx: &mut Conn, entry: &LedgerEntry) -> Result<Charged, StoreError> {
    let amount = entry.amount_micros.max(0);
    let is_paid = entry.payment != Payment::Metered && amount > 0;
    let mut payer = None;
    if is_paid {
        // Before anything is taken: a repeated write must take nothing.
        let key = args![&entry.account_id, entry.kind.as_str(), &entry.subject];
        if tx.optional(&KNOWN, key).await?.is_some() {
            return Ok(Charged::Recorded);
        }
        let account = balance::payer(tx, &entry.account_id).await?;
        let is_owed = entry.payment == Payment::Owed;
        if !balance::take(tx, &account, amount, is_owed, entry.at).await? {
            let balance_micros = balance::of(tx, &account).await?.unwrap_or(0);
            return Ok(Charged::InsufficientBalance { balance_micros, needed_micros: amount });
        }
        payer = Some(account);
    }
    let args = args![
        &entry.account_id,
        entry.kind.as_str(),
        &entry.subject,
        &entry.id,
        entry.quantity,
        entry.kind.unit().as_str(),
        amount,
        entry.agent_id.as_ref(),
        entry.number_id.as_ref(),
        payer.as_ref(),
        entry.at
    ];
    if tx.execute(&RECORD, args).await? == 0 {
        if let Some(payer) = payer {
            // Another transaction of PostgreSQL recorded it after we looked.
            balance::give_back(tx, &payer, amount).await?;
        }
        return Ok(Charged::Recorded);
    }
    let tally = Tally {
        account: &entry.account_id,
        kind: entry.kind.as_str(),
        agent: entry.agent_id.as_ref(),
        number: entry.number_id.as_ref(),
        quantity: entry.quantity,
        amount_micros: amount,
        at: entry.at,
    };
    tally.add(tx).await?;
    Ok(Charged::Recorded)
}
