//! Adding to the rollups, in the transaction of what they count.

use std::collections::BTreeMap;

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, NumberId},
};

use crate::{StoreError, conn::Conn, statement::statements, value::args};

/// Width of the finer slots: every time zone's days begin at one.
pub(crate) const QUARTER_MS: i64 = 15 * 60 * 1000;
/// Width of the coarser slots, UTC days.
pub(crate) const DAY_MS: i64 = 96 * QUARTER_MS;

/// A call that began.
pub(crate) const CALL: &str = "call";
/// A call that ended well, with its whole seconds of conversation.
pub(crate) const CALL_COMPLETED: &str = "call_completed";
/// An event that became a delivery.
pub(crate) const DELIVERY: &str = "delivery";
/// A delivery that arrived.
pub(crate) const DELIVERY_SUCCESS: &str = "delivery_success";
/// A delivery that was given up.
pub(crate) const DELIVERY_FAILED: &str = "delivery_failed";

/// One thing that is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally<'a> {
    /// Whose.
    pub account: &'a AccountId,
    /// A word of `UsageKind`, or one of this module's.
    pub kind: &'static str,
    /// The agent that caused it.
    pub agent: Option<&'a AgentId>,
    /// The number it went over.
    pub number: Option<&'a NumberId>,
    /// How much.
    pub quantity: i64,
    /// What it cost, micros.
    pub amount_micros: i64,
    /// When.
    pub at: Timestamp,
}

/// The shard of a counter that a statement adds to: one for each connection of
/// PostgreSQL, up to eight, so that concurrent transactions do not queue for a
/// row until the other commits. SQLite has one writer, and one shard.
macro_rules! shard {
    () => {
        "0 /*pg: + MOD(pg_backend_pid(), 8) */"
    };
}
pub(crate) use shard;

// The rows are always in this order, so that transactions which meet in one of
// them queue instead of waiting for each other.
statements! {
    ADD = concat!("INSERT INTO usage_rollups (account_id, grain, slot, kind, agent_id, number_id, shard, n,
        quantity, amount_micros) VALUES
        ($1, 't', 0, $4, '', $6, ", shard!(), ", 1, $7, $8), ($1, 'd', $2, $4, '', '', ", shard!(), ", 1, $7, $8),
        ($1, 'q', $3, $4, '', '', ", shard!(), ", 1, $7, $8), ($1, 'da', $2, $4, $5, '', ", shard!(), ", 1, $7, $8),
        ($1, 'qa', $3, $4, $5, '', ", shard!(), ", 1, $7, $8)
        ON CONFLICT (account_id, grain, slot, kind, agent_id, number_id, shard) DO UPDATE SET
        n = usage_rollups.n + 1, quantity = usage_rollups.quantity + excluded.quantity,
        amount_micros = usage_rollups.amount_micros + excluded.amount_micros");
    ADD_TO_ACCOUNT = concat!("INSERT INTO usage_rollups (account_id, grain, slot, kind, agent_id, number_id, shard,
        n, quantity, amount_micros) VALUES ($1, 't', 0, $4, '', '', ", shard!(), ", $5, 0, 0),
        ($1, 'd', $2, $4, '', '', ", shard!(), ", $5, 0, 0), ($1, 'q', $3, $4, '', '', ", shard!(), ", $5, 0, 0)
        ON CONFLICT (account_id, grain, slot, kind, agent_id, number_id, shard)
        DO UPDATE SET n = usage_rollups.n + excluded.n");
}

impl Tally<'_> {
    /// Adds it to every rollup.
    pub(crate) async fn add(&self, tx: &mut Conn) -> Result<(), StoreError> {
        let at = self.at.as_millisecond();
        let args = args![
            self.account,
            at.div_euclid(DAY_MS),
            at.div_euclid(QUARTER_MS),
            self.kind,
            self.agent.map_or("", AgentId::as_str),
            self.number.map_or("", NumberId::as_str),
            self.quantity,
            self.amount_micros
        ];
        tx.execute(&ADD, args).await.map(drop)
    }
}

/// Counts one thing that has neither agent nor number, quantity nor price.
pub(crate) async fn count(
    tx: &mut Conn,
    account: &AccountId,
    kind: &'static str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut counts = Counts::default();
    counts.add(account, kind, at, 1);
    counts.write(tx).await
}

/// Many such counts, summed before they are written.
#[derive(Debug, Default)]
pub(crate) struct Counts(BTreeMap<(AccountId, &'static str, i64), i64>);

impl Counts {
    /// `n` more of them at `at`; negative takes back.
    pub(crate) fn add(&mut self, account: &AccountId, kind: &'static str, at: Timestamp, n: i64) {
        let quarter = at.as_millisecond().div_euclid(QUARTER_MS);
        *self.0.entry((account.clone(), kind, quarter)).or_default() += n;
    }

    /// Adds them to the account's rollups, always in the same order, so that
    /// transactions that meet queue.
    pub(crate) async fn write(self, tx: &mut Conn) -> Result<(), StoreError> {
        for ((account, kind, quarter), n) in self.0.into_iter().filter(|(_, n)| *n != 0) {
            let day = quarter.div_euclid(DAY_MS / QUARTER_MS);
            tx.execute(&ADD_TO_ACCOUNT, args![&account, day, quarter, kind, n]).await?;
        }
        Ok(())
    }
}
