//! Signing up: codes that wait, and the account that comes of one (contract §18).

use std::sync::Arc;

use offhook_model::{
    Timestamp,
    agent::Agent,
    id::{AccountId, UsageId, VerificationId},
    number::Number,
    usage::LedgerEntry,
    user::User,
};

use crate::{
    Account, ApiKey, CodeHash, CodeTry, Store, StoreError, accounts, agents, api_keys,
    codes::Locked,
    conn::Conn,
    numbers::insert,
    row::Row,
    statement::statements,
    usage::{self, balance},
    value::args,
};

/// A sign-up that waits for its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUp {
    /// Its id.
    pub id: VerificationId,
    /// Who signs up, lower case.
    pub email: String,
    /// Name of the first agent.
    pub agent_name: String,
    /// The code.
    pub code: CodeHash,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Everything that a finished sign-up makes, all or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Newcomer {
    /// The account.
    pub account: Account,
    /// Its owner.
    pub user: User,
    /// Its first agent.
    pub agent: Agent,
    /// Its first number, bought and attached to the agent.
    pub number: Number,
    /// The number's first month, which must not be refused, and its end.
    pub first_month: (LedgerEntry, Timestamp),
    /// What its balance begins with, micros; zero where none are kept.
    pub credit_micros: i64,
    /// Its first key.
    pub key: ApiKey,
}

/// What came of finishing a sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishSignUp {
    /// Everything is stored.
    Done,
    /// The code is no longer right; nothing was stored.
    NotRight(CodeTry),
    /// Somebody with this address has an account already; nothing was stored.
    Known,
    /// Somebody holds the number; nothing was stored.
    NumberTaken,
}

statements! {
    INSERT = "INSERT INTO sign_ups (id, email, agent_name, salt, code_hash, wrong_codes, verified_at, expires_at,
        created_at) VALUES ($1, $2, $3, $4, $5, 0, NULL, $6, $7)";
    FORGET = "DELETE FROM sign_ups WHERE expires_at < $1";
    DELETE = "DELETE FROM sign_ups WHERE id = $1";
    LOCKED = "SELECT * FROM sign_ups WHERE id = $1 /*pg: FOR UPDATE */";
    COUNT_WRONG = "UPDATE sign_ups SET wrong_codes = wrong_codes + 1 WHERE id = $1";
    RIGHT = "UPDATE sign_ups SET verified_at = $2 WHERE id = $1";
    BY_EMAIL = "SELECT id FROM users WHERE email = $1";
    OF_ACCOUNT = "SELECT * FROM users WHERE account_id = $1";
    INSERT_USER = "INSERT INTO users (id, account_id, email, name, source, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email) DO NOTHING";
    IS_HELD = "SELECT id FROM numbers WHERE phone_number = $1 AND status = 'active'";
}

impl Store {
    /// Whether somebody with this address, in lower case, has an account.
    pub async fn is_user(&self, email: &str) -> Result<bool, StoreError> {
        Ok(self.read().await?.optional(&BY_EMAIL, args![email]).await?.is_some())
    }

    /// The owner of an account, when it was made by signing up.
    pub async fn user_of(&self, account: &AccountId) -> Result<Option<User>, StoreError> {
        self.read().await?.optional(&OF_ACCOUNT, args![account]).await?.map(user_from_row).transpose()
    }

    /// Stores a sign-up, and forgets those whose codes ended before `forget`.
    pub async fn insert_sign_up(&self, new: &SignUp, forget: Timestamp) -> Result<(), StoreError> {
        let new = new.clone();
        self.write(move |tx| {
            let new = new.clone();
            Box::pin(async move {
                tx.execute(&FORGET, args![forget]).await?;
                let args = args![
                    &new.id,
                    new.email,
                    new.agent_name,
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

    /// Takes a sign-up back whose code could not be sent.
    pub async fn delete_sign_up(&self, id: &VerificationId) -> Result<(), StoreError> {
        self.execute(&DELETE, args![id]).await.map(drop)
    }

    /// Tries a code: what came of it, and the sign-up. A right code is not used
    /// up by it; a wrong one is counted. None for an unknown sign-up. `fits`
    /// may run more than once.
    pub async fn try_sign_up<F>(
        &self,
        id: &VerificationId,
        now: Timestamp,
        fits: F,
    ) -> Result<Option<(CodeTry, SignUp)>, StoreError>
    where
        F: Fn(&CodeHash) -> bool + Send + Sync + 'static,
    {
        let (id, fits) = (id.clone(), Arc::new(fits));
        self.write(move |tx| {
            let (id, fits) = (id.clone(), Arc::clone(&fits));
            Box::pin(async move {
                let Some(row) = tx.optional(&LOCKED, args![&id]).await? else { return Ok(None) };
                let outcome = Locked::from_row(&row)?.judge(now, |hash| fits(hash));
                if outcome == CodeTry::Wrong {
                    tx.execute(&COUNT_WRONG, args![&id]).await?;
                }
                Ok(Some((outcome, from_row(&row)?)))
            })
        })
        .await
    }

    /// Uses up a code that was found right, and stores everything that comes
    /// of it.
    pub async fn finish_sign_up(
        &self,
        id: &VerificationId,
        newcomer: &Newcomer,
        now: Timestamp,
    ) -> Result<FinishSignUp, StoreError> {
        let (id, newcomer) = (id.clone(), newcomer.clone());
        self.write(move |tx| {
            let (id, newcomer) = (id.clone(), newcomer.clone());
            Box::pin(async move {
                let Some(row) = tx.optional(&LOCKED, args![&id]).await? else {
                    return Ok(FinishSignUp::NotRight(CodeTry::Expired));
                };
                // The code fitted a moment ago; time and others may have passed.
                match Locked::from_row(&row)?.judge(now, |_| true) {
                    CodeTry::Right => store(tx, &id, &newcomer, now).await,
                    other => Ok(FinishSignUp::NotRight(other)),
                }
            })
        })
        .await
    }
}

async fn store(
    tx: &mut Conn,
    id: &VerificationId,
    new: &Newcomer,
    now: Timestamp,
) -> Result<FinishSignUp, StoreError> {
    if tx.optional(&BY_EMAIL, args![&new.user.email]).await?.is_some() {
        return Ok(FinishSignUp::Known);
    }
    if tx.optional(&IS_HELD, args![&new.number.phone_number]).await?.is_some() {
        return Ok(FinishSignUp::NumberTaken);
    }
    tx.execute(&RIGHT, args![id, now]).await?;
    accounts::insert(tx, &new.account).await?;
    let user = &new.user;
    let args =
        args![&user.id, &user.account_id, &user.email, &user.name, user.source.clone(), user.created_at];
    if tx.execute(&INSERT_USER, args).await? == 0 {
        // Another transaction was faster: everything so far is rolled back.
        return Err(StoreError::Conflict { constraint: "users.email".to_owned() });
    }
    agents::insert(tx, &new.agent).await?;
    if new.credit_micros > 0 {
        let id = UsageId::new(now, rand::random());
        balance::add(tx, &id, &new.account.id, new.credit_micros, "sign-up", now).await?;
    }
    let (entry, paid_until) = &new.first_month;
    // What is owed is never refused.
    let _ = usage::charge(tx, entry).await?;
    insert::insert(tx, &new.number, Some(*paid_until)).await?;
    api_keys::insert_unless_known(tx, &new.key).await?;
    Ok(FinishSignUp::Done)
}

fn from_row(row: &Row) -> Result<SignUp, StoreError> {
    Ok(SignUp {
        id: row.id("id")?,
        email: row.text("email")?,
        agent_name: row.text("agent_name")?,
        code: CodeHash { salt: row.text("salt")?, hash: row.text("code_hash")? },
        expires_at: row.time("expires_at")?,
        created_at: row.time("created_at")?,
    })
}

fn user_from_row(row: Row) -> Result<User, StoreError> {
    Ok(User {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        email: row.text("email")?,
        name: row.text("name")?,
        source: row.opt_text("source")?,
        created_at: row.time("created_at")?,
    })
}
