//! Sent one-time codes (contract §15).

use std::sync::Arc;

use offhook_model::{
    Timestamp,
    e164::E164,
    id::{AccountId, VerificationId},
    usage::LedgerEntry,
};

use crate::{CodeHash, CodeTry, Store, StoreError, codes::Locked, statement::statements, usage, value::args};

/// A code to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVerification {
    /// Its id.
    pub id: VerificationId,
    /// Who has it checked.
    pub account_id: AccountId,
    /// Where it was sent.
    pub phone_number: E164,
    /// The code.
    pub code: CodeHash,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

statements! {
    INSERT = "INSERT INTO verifications (id, account_id, phone_number, salt, code_hash, wrong_codes, verified_at,
        expires_at, created_at) VALUES ($1, $2, $3, $4, $5, 0, NULL, $6, $7)";
    FORGET = "DELETE FROM verifications WHERE account_id = $1 AND created_at < $2";
    DELETE = "DELETE FROM verifications WHERE account_id = $1 AND id = $2";
    LOCKED = "SELECT salt, code_hash, wrong_codes, verified_at, expires_at FROM verifications
        WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    COUNT_WRONG = "UPDATE verifications SET wrong_codes = wrong_codes + 1 WHERE account_id = $1 AND id = $2";
    RIGHT = "UPDATE verifications SET verified_at = $3 WHERE account_id = $1 AND id = $2";
}

impl Store {
    /// Stores a code, and forgets the account's codes from before `forget`.
    pub async fn insert_verification(
        &self,
        new: &NewVerification,
        forget: Timestamp,
    ) -> Result<(), StoreError> {
        let new = new.clone();
        self.write(move |tx| {
            let new = new.clone();
            Box::pin(async move {
                tx.execute(&FORGET, args![&new.account_id, forget]).await?;
                let args = args![
                    &new.id,
                    &new.account_id,
                    &new.phone_number,
                    new.code.salt,
                    new.code.hash,
                    new.expires_at,
                    new.created_at
                ];
                tx.execute(&INSERT, args).await.map(drop)
            })
        })
        .await
    }

    /// Takes a code back that could not be sent.
    pub async fn delete_verification(
        &self,
        account: &AccountId,
        id: &VerificationId,
    ) -> Result<(), StoreError> {
        self.execute(&DELETE, args![account, id]).await.map(drop)
    }

    /// Tries a code: what came of it, and how many tries are left. None when
    /// the account has no such verification. The first right code is charged
    /// as `price` says, which must not be refused: the text was sent.
    ///
    /// Reading, `fits` and counting are one transaction, so that tries at once
    /// are counted one by one. `fits` may run more than once.
    pub async fn try_verification<F>(
        &self,
        account: &AccountId,
        id: &VerificationId,
        price: &LedgerEntry,
        fits: F,
    ) -> Result<Option<(CodeTry, u32)>, StoreError>
    where
        F: Fn(&CodeHash) -> bool + Send + Sync + 'static,
    {
        let (account, id, fits) = (account.clone(), id.clone(), Arc::new(fits));
        let price = price.clone();
        self.write(move |tx| {
            let (account, id, fits) = (account.clone(), id.clone(), Arc::clone(&fits));
            let price = price.clone();
            Box::pin(async move {
                let Some(row) = tx.optional(&LOCKED, args![&account, &id]).await? else {
                    return Ok(None);
                };
                let code = Locked::from_row(&row)?;
                let outcome = code.judge(price.at, |hash| fits(hash));
                match outcome {
                    CodeTry::Wrong => drop(tx.execute(&COUNT_WRONG, args![&account, &id]).await?),
                    CodeTry::Right => {
                        tx.execute(&RIGHT, args![&account, &id, price.at]).await?;
                        // What is owed is never refused.
                        let _ = usage::charge(tx, &price).await?;
                    }
                    CodeTry::Exhausted | CodeTry::Expired | CodeTry::AlreadyRight => {}
                }
                Ok(Some((outcome, code.left(outcome))))
            })
        })
        .await
    }
}
