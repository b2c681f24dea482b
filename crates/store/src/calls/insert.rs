//! A new call, within the account's limit.

use crate::{Call, Store, StoreError, calls::state_word, row::to_json, statement::statements, value::args};

/// Why a call was not stored.
#[derive(Debug, thiserror::Error)]
pub enum InsertCallError {
    /// The account has as many open calls as it may.
    #[error("the account has {open} open calls already")]
    CapReached {
        /// How many are open.
        open: u32,
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
        talk_time_ms, metadata, recording_disabled, recording, owner)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
}

impl Store {
    /// Stores a new call, unless the account has `cap` open calls already.
    /// Counting and storing are one transaction: parallel callers never
    /// exceed the cap.
    pub async fn insert_call(&self, call: &Call, cap: Option<u32>) -> Result<(), InsertCallError> {
        let metadata = call.metadata.as_ref().map(to_json).transpose()?;
        let talk_time_ms = call.talk_time.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let account = call.account_id.clone();
        let args = args![
            &call.id,
            &call.account_id,
            call.agent_id.as_ref(),
            call.agent_name.clone(),
            call.number_id.as_ref(),
            call.phone_number.clone(),
            &call.from,
            &call.to,
            call.direction.as_str(),
            state_word(call.state),
            call.state.end_reason().map(|reason| reason.as_str().to_owned()),
            call.state.status().as_str(),
            call.state.fine_word(),
            call.started_at,
            call.answered_at,
            call.ended_at,
            talk_time_ms,
            metadata,
            call.recording_disabled,
            call.recording.clone(),
            &call.owner
        ];
        if cap.is_none() {
            self.execute(&INSERT, args).await?;
            return Ok(());
        }
        let too_many = self
            .write(move |tx| {
                let (account, args) = (account.clone(), args.clone());
                Box::pin(async move {
                    if let Some(cap) = cap {
                        tx.optional(&LOCK_ACCOUNT, args![&account]).await?;
                        let open: u32 = tx.one(&OPEN, args![&account]).await?.number("open")?;
                        if open >= cap {
                            return Ok(Some(open));
                        }
                    }
                    tx.execute(&INSERT, args).await?;
                    Ok(None)
                })
            })
            .await?;
        match too_many {
            Some(open) => Err(InsertCallError::CapReached { open }),
            None => Ok(()),
        }
    }
}
