//! How many calls every list has, kept in the transaction that changes it.
//!
//! Counted by the UTC day a call began and over all days, for the account, the
//! agent and the number, by direction and finer word: the totals of filtered
//! lists need no scan, and a deep page is found day by day.

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, CallId, NumberId},
};

use crate::{
    Call, StoreError,
    conn::Conn,
    row::Row,
    statement::statements,
    usage::tally::{DAY_MS, shard},
    value::{Value, args},
};

/// Scope of calls without an agent.
const NO_AGENT: &str = AgentId::PREFIX;
/// Scope of calls without a number.
const NO_NUMBER: &str = NumberId::PREFIX;

statements! {
    HOLD = "SELECT state, direction, fine_word, began_with, number_id, started_at FROM calls
        WHERE account_id = $1 AND id = $2 AND owner = $3 AND ended_at IS NULL /*pg: FOR UPDATE */";
    COUNT = concat!("INSERT INTO call_counts (account_id, scope, day, direction, fine_word, shard, n) VALUES
        ($1, '', -1, $5, $6, ", shard!(), ", $7), ($1, '', $4, $5, $6, ", shard!(), ", $7),
        ($1, $2, -1, $5, $6, ", shard!(), ", $7), ($1, $2, $4, $5, $6, ", shard!(), ", $7),
        ($1, $3, -1, $5, $6, ", shard!(), ", $7), ($1, $3, $4, $5, $6, ", shard!(), ", $7)
        ON CONFLICT (account_id, scope, day, direction, fine_word, shard)
        DO UPDATE SET n = call_counts.n + excluded.n");
}

/// Where a call is counted.
#[derive(Debug)]
pub(crate) struct Place {
    account: AccountId,
    /// The agent it began with.
    pub(crate) agent: Option<AgentId>,
    pub(crate) number: Option<NumberId>,
    started_at: Timestamp,
    direction: String,
    fine_word: String,
    /// The stored word of its state.
    pub(crate) state: String,
}

impl Place {
    /// The place of an open call of `owner`; its row stays locked until the
    /// transaction ends. None when the account has no such open call, or it
    /// belongs to another incarnation.
    pub(crate) async fn hold(
        tx: &mut Conn,
        owner: &str,
        account: &AccountId,
        id: &CallId,
    ) -> Result<Option<Self>, StoreError> {
        let row = tx.optional(&HOLD, args![account, id, owner]).await?;
        row.map(|row| Self::from_row(account, &row)).transpose()
    }

    fn from_row(account: &AccountId, row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            account: account.clone(),
            agent: row.opt_id("began_with")?,
            number: row.opt_id("number_id")?,
            started_at: row.time("started_at")?,
            direction: row.text("direction")?,
            fine_word: row.text("fine_word")?,
            state: row.text("state")?,
        })
    }

    /// Counts a new call.
    pub(crate) async fn enter(tx: &mut Conn, call: &Call) -> Result<(), StoreError> {
        let place = Self {
            account: call.account_id.clone(),
            agent: call.agent_id.clone(),
            number: call.number_id.clone(),
            started_at: call.started_at,
            direction: call.direction.as_str().to_owned(),
            fine_word: String::new(),
            state: String::new(),
        };
        tx.execute(&COUNT, place.args(call.state.fine_word(), 1)).await.map(drop)
    }

    /// Counts the call under its new word instead of its old one.
    pub(crate) async fn moved_to(&self, tx: &mut Conn, fine_word: &str) -> Result<(), StoreError> {
        if self.fine_word == fine_word {
            return Ok(());
        }
        tx.execute(&COUNT, self.args(&self.fine_word, -1)).await?;
        tx.execute(&COUNT, self.args(fine_word, 1)).await.map(drop)
    }

    fn args(&self, fine_word: &str, n: i64) -> Vec<Value> {
        args![
            &self.account,
            self.agent.as_ref().map_or(NO_AGENT, AgentId::as_str),
            self.number.as_ref().map_or(NO_NUMBER, NumberId::as_str),
            self.started_at.as_millisecond().div_euclid(DAY_MS),
            &self.direction,
            fine_word,
            n
        ]
    }
}
