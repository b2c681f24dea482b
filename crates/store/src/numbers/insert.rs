//! Storing a bought number.

use offhook_model::{Timestamp, number::Number, usage::LedgerEntry};

use crate::{
    Store, StoreError, agents,
    conn::Conn,
    statement::statements,
    usage::{Charged, charge},
    value::args,
};

/// On which terms a number is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberTerms {
    /// Fewer numbers of the account than this.
    pub limit: Option<u32>,
    /// The first month, and when it ends; none for a number that is not charged.
    pub first_month: Option<(LedgerEntry, Timestamp)>,
}

/// Why a number was not stored.
#[derive(Debug, thiserror::Error)]
pub enum InsertNumberError {
    /// The account holds as many as it may.
    #[error("the account holds {held} numbers already")]
    LimitReached {
        /// How many it holds.
        held: u32,
    },
    /// Somebody holds this number.
    #[error("the number is held already")]
    Taken,
    /// The account has no such agent.
    #[error("the agent does not exist")]
    AgentMissing,
    /// The account is unknown, or was deleted meanwhile.
    #[error("the account does not exist")]
    AccountMissing,
    /// The balance does not cover the first month.
    #[error("the balance of {balance_micros} micros does not cover the {needed_micros} of a month")]
    InsufficientBalance {
        /// What is left.
        balance_micros: i64,
        /// What a month costs.
        needed_micros: i64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

statements! {
    LOCK_ACCOUNT = "SELECT id FROM accounts WHERE id = $1 AND deleted_at IS NULL /*pg: FOR NO KEY UPDATE */";
    COUNT = "SELECT COUNT(*) AS held FROM numbers WHERE account_id = $1 AND status = 'active'";
    INSERT = "INSERT INTO numbers (id, account_id, phone_number, country, status, kind, imessage_type, agent_id,
        attached_at, external_id, expires_at, created_at, paid_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
}

impl Store {
    /// Stores a number that is not charged, unless the account holds `limit` numbers already.
    pub async fn insert_number(&self, number: &Number, limit: Option<u32>) -> Result<(), InsertNumberError> {
        self.buy_number(number, NumberTerms { limit, first_month: None }).await
    }

    /// Stores a bought number on these terms, with its first month in the
    /// ledger: all in one transaction, or nothing.
    pub async fn buy_number(&self, number: &Number, terms: NumberTerms) -> Result<(), InsertNumberError> {
        let number = number.clone();
        let outcome = self
            .write(move |tx| {
                let (number, terms) = (number.clone(), terms.clone());
                Box::pin(async move {
                    if let Some(refusal) = refusal(tx, &number, &terms).await? {
                        return Ok(Some(refusal));
                    }
                    let paid_until = terms.first_month.map(|(_, until)| until);
                    insert(tx, &number, paid_until).await?;
                    Ok(None)
                })
            })
            .await;
        match outcome {
            Ok(None) => Ok(()),
            Ok(Some(refusal)) => Err(refusal),
            Err(StoreError::Conflict { .. }) => Err(InsertNumberError::Taken),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why the account may not have this number, if it may not; else its first
/// month is recorded.
async fn refusal(
    tx: &mut Conn,
    number: &Number,
    terms: &NumberTerms,
) -> Result<Option<InsertNumberError>, StoreError> {
    if tx.optional(&LOCK_ACCOUNT, args![&number.account_id]).await?.is_none() {
        return Ok(Some(InsertNumberError::AccountMissing));
    }
    if let Some(limit) = terms.limit {
        let held = tx.one(&COUNT, args![&number.account_id]).await?.number("held")?;
        if held >= limit {
            return Ok(Some(InsertNumberError::LimitReached { held }));
        }
    }
    if let Some(agent) = &number.agent_id
        && !agents::hold(tx, &number.account_id, agent).await?
    {
        return Ok(Some(InsertNumberError::AgentMissing));
    }
    if let Some((entry, _)) = &terms.first_month
        && let Charged::InsufficientBalance { balance_micros, needed_micros } = charge(tx, entry).await?
    {
        return Ok(Some(InsertNumberError::InsufficientBalance { balance_micros, needed_micros }));
    }
    Ok(None)
}

/// Stores a number as part of something larger. Months after `paid_until` are
/// charged as they begin; without it, none is.
pub(crate) async fn insert(
    tx: &mut Conn,
    number: &Number,
    paid_until: Option<Timestamp>,
) -> Result<(), StoreError> {
    let args = args![
        &number.id,
        &number.account_id,
        &number.phone_number,
        &number.country,
        number.status.as_str(),
        number.kind.as_str(),
        number.imessage_type.clone(),
        number.agent_id.as_ref(),
        number.attached_at,
        number.external_id.clone(),
        number.expires_at,
        number.created_at,
        paid_until
    ];
    tx.execute(&INSERT, args).await.map(drop)
}
