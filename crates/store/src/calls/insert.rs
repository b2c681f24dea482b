//! A new call, within the account's limit.

use offhook_model::id::AccountId;

use crate::{
    Call, Store, StoreError,
    calls::{counts::Place, state_word},
    conn::Conn,
    row::to_json,
    statement::statements,
    usage::{
        balance,
        tally::{CALL, Tally},
    },
    value::{Value, args},
};

/// What a new call must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallTerms {
    /// Fewer open calls of the account than this.
    pub cap: Option<u32>,
    /// A balance of at least this, micros.
    pub balance_micros: Option<i64>,
}

/// Why a call was not stored.
#[derive(Debug, thiserror::Error)]
pub enum InsertCallError {
    /// The account has as many open calls as it may.
    #[error("the account has {open} open calls already")]
    CapReached {
        /// How many are open.
        open: u32,
    },
    /// The balance does not cover the least a call costs.
    #[error("the balance of {balance_micros} micros does not cover a call")]
    InsufficientBalance {
        /// What is left.
        balance_micros: i64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

statements! {
    LOCK_ACCOUNT = "SELECT id FROM accounts WHERE id = $1 /*pg: FOR NO KEY UPDATE */";
    OPEN = "SELECT COUNT(*) AS open FROM calls WHERE account_id = $1 AND ended_at IS NULL";
    INSERT = "INSERT INTO calls (id, account_id, agent_id, agent_name, number_id, phone_number, from_number,
        to_number, direction, state, end_reason, status, fine_word, started_at, answered_at, ended_at,
        talk_time_ms, metadata, recording_disabled, recording, owner, hosted, aggressive_denoising, began_with)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
        $23, $3)";
}

impl Store {
    /// Stores a new call, unless the account has `cap` open calls already.
    pub async fn insert_call(&self, call: &Call, cap: Option<u32>) -> Result<(), InsertCallError> {
        self.admit_call(call, CallTerms { cap, balance_micros: None }).await
    }

    /// Stores a new call on these terms. Looking and storing are one
    /// transaction: parallel callers never exceed the cap.
    pub async fn admit_call(&self, call: &Call, terms: CallTerms) -> Result<(), InsertCallError> {
        let (call, args) = (call.clone(), call.args()?);
        let refusal = self
            .write(move |tx| {
                let (call, args) = (call.clone(), args.clone());
                Box::pin(async move {
                    if let Some(refusal) = refusal(tx, &call.account_id, terms).await? {
                        return Ok(Some(refusal));
                    }
                    tx.execute(&INSERT, args).await?;
                    Place::enter(tx, &call).await?;
                    let tally = Tally {
                        account: &call.account_id,
                        kind: CALL,
                        agent: call.agent_id.as_ref(),
                        number: call.number_id.as_ref(),
                        quantity: 0,
                        amount_micros: 0,
                        at: call.started_at,
                    };
                    tally.add(tx).await?;
                    Ok(None)
                })
            })
            .await?;
        refusal.map_or(Ok(()), Err)
    }
}

/// Why the account may not have another call, if it may not.
async fn refusal(
    tx: &mut Conn,
    account: &AccountId,
    terms: CallTerms,
) -> Result<Option<InsertCallError>, StoreError> {
    if let Some(cap) = terms.cap {
        tx.optional(&LOCK_ACCOUNT, args![account]).await?;
        let open: u32 = tx.one(&OPEN, args![account]).await?.number("open")?;
        if open >= cap {
            return Ok(Some(InsertCallError::CapReached { open }));
        }
    }
    if let Some(needed) = terms.balance_micros {
        let payer = balance::payer(tx, account).await?;
        let balance_micros = balance::of(tx, &payer).await?.unwrap_or(0);
        if balance_micros < needed {
            return Ok(Some(InsertCallError::InsufficientBalance { balance_micros }));
        }
    }
    Ok(None)
}

impl Call {
    fn args(&self) -> Result<Vec<Value>, StoreError> {
        Ok(args![
            &self.id,
            &self.account_id,
            self.agent_id.as_ref(),
            self.agent_name.clone(),
            self.number_id.as_ref(),
            self.phone_number.clone(),
            &self.from,
            &self.to,
            self.direction.as_str(),
            state_word(self.state),
            self.state.end_reason().map(|reason| reason.as_str().to_owned()),
            self.state.status().as_str(),
            self.state.fine_word(),
            self.started_at,
            self.answered_at,
            self.ended_at,
            self.talk_time.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX)),
            self.metadata.as_ref().map(to_json).transpose()?,
            self.recording_disabled,
            self.recording.clone(),
            &self.owner,
            self.service.hosted,
            self.service.aggressive_denoising
        ])
    }
}
