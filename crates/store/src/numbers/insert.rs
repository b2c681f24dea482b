//! Storing a bought number.

use offhook_model::number::Number;

use crate::{Store, StoreError, agents, conn::Conn, statement::statements, value::args};

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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

enum Outcome {
    Stored,
    LimitReached(u32),
    AgentMissing,
    AccountMissing,
}

statements! {
    LOCK_ACCOUNT = "SELECT id FROM accounts WHERE id = $1 AND deleted_at IS NULL /*pg: FOR NO KEY UPDATE */";
    COUNT = "SELECT COUNT(*) AS held FROM numbers WHERE account_id = $1 AND status = 'active'";
    INSERT = "INSERT INTO numbers (id, account_id, phone_number, country, status, kind, imessage_type, agent_id,
        attached_at, external_id, expires_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
}

impl Store {
    /// Stores a bought number, unless the account holds `limit` numbers already.
    pub async fn insert_number(&self, number: &Number, limit: Option<u32>) -> Result<(), InsertNumberError> {
        let number = number.clone();
        let outcome = self
            .write(move |tx| {
                let number = number.clone();
                Box::pin(async move {
                    if tx.optional(&LOCK_ACCOUNT, args![&number.account_id]).await?.is_none() {
                        return Ok(Outcome::AccountMissing);
                    }
                    if let Some(limit) = limit {
                        let held = tx.one(&COUNT, args![&number.account_id]).await?.number("held")?;
                        if held >= limit {
                            return Ok(Outcome::LimitReached(held));
                        }
                    }
                    if let Some(agent) = &number.agent_id
                        && !agents::hold(tx, &number.account_id, agent).await?
                    {
                        return Ok(Outcome::AgentMissing);
                    }
                    insert(tx, &number).await?;
                    Ok(Outcome::Stored)
                })
            })
            .await;
        match outcome {
            Ok(Outcome::Stored) => Ok(()),
            Ok(Outcome::LimitReached(held)) => Err(InsertNumberError::LimitReached { held }),
            Ok(Outcome::AgentMissing) => Err(InsertNumberError::AgentMissing),
            Ok(Outcome::AccountMissing) => Err(InsertNumberError::AccountMissing),
            Err(StoreError::Conflict { .. }) => Err(InsertNumberError::Taken),
            Err(error) => Err(error.into()),
        }
    }
}

/// Stores a number as part of something larger.
pub(crate) async fn insert(tx: &mut Conn, number: &Number) -> Result<(), StoreError> {
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
        number.created_at
    ];
    tx.execute(&INSERT, args).await.map(drop)
}
