//! Requests with an `Idempotency-Key`: claimed before they run, answered from
//! here when they come again. What they commit in between counts itself in the
//! same row ([`crate::Ticket`]).

use offhook_model::{
    Timestamp,
    id::{AccountId, ApiKeyId},
};

use crate::{
    Store, StoreError,
    conn::Conn,
    row::Row,
    statement::statements,
    ticket::Effect,
    value::{Value, args},
    vault::columns::Column,
};

/// Whose key it is: the same text of another account or API key is another key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyScope {
    /// The account the request acts for.
    pub account_id: AccountId,
    /// The API key it came with.
    pub key_id: ApiKeyId,
    /// The header's value.
    pub idempotency_key: String,
}

/// A request that wants to run, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// Its key.
    pub scope: IdempotencyScope,
    /// A hash of its method, path and body.
    pub fingerprint: String,
    /// The incarnation that is about to run it.
    pub owner: String,
    /// Drawn anew for each claim; completing and releasing ask for it.
    pub claim: String,
    /// When.
    pub at: Timestamp,
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`; none when there is no body.
    pub content_type: Option<String>,
    /// The body; none when it was too large to keep.
    pub body: Option<String>,
}

/// What was found under a key that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRequest {
    /// Hash of its method, path and body.
    pub fingerprint: String,
    /// The incarnation that runs it, or ran it.
    pub owner: String,
    /// Its claim.
    pub claim: String,
    /// What it was answered; none while it runs, or when it was interrupted.
    /// Of one that was interrupted, what its effect was committed with.
    pub answer: Option<StoredAnswer>,
    /// Whether the answer is final: it neither runs nor was interrupted.
    pub is_settled: bool,
    /// Whether anything of it was committed.
    pub has_effect: bool,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is the caller's: run the request, then complete or release.
    Yes,
    /// An earlier request has the key.
    Earlier(EarlierRequest),
    /// It was taken and released while we looked: ask again.
    Moved,
}

statements! {
    CLAIM = "INSERT INTO idempotent_requests
        (account_id, key_id, idempotency_key, fingerprint, owner, claim, claimed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (account_id, key_id, idempotency_key) DO UPDATE SET fingerprint = excluded.fingerprint,
        owner = excluded.owner, claim = excluded.claim, claimed_at = excluded.claimed_at,
        status = NULL, content_type = NULL, body = NULL, effects = 0, settled = FALSE
        WHERE idempotent_requests.claimed_at <= $8";
    FIND = "SELECT fingerprint, owner, claim, status, content_type, body, effects, settled
        FROM idempotent_requests WHERE account_id = $1 AND key_id = $2 AND idempotency_key = $3";
    TAKE_OVER = "UPDATE idempotent_requests SET owner = $5, claim = $6, claimed_at = $7
        WHERE account_id = $1 AND key_id = $2 AND idempotency_key = $3 AND claim = $4
        AND effects = 0 AND status IS NULL AND NOT settled";
    COUNT_EFFECT = "UPDATE idempotent_requests SET effects = effects + 1
        WHERE account_id = $1 AND key_id = $2 AND idempotency_key = $3 AND claim = $4";
    ANSWER_EFFECT = "UPDATE idempotent_requests
        SET effects = effects + 1, status = $5, content_type = $6, body = $7
        WHERE account_id = $1 AND key_id = $2 AND idempotency_key = $3 AND claim = $4";
    COMPLETE = "UPDATE idempotent_requests SET status = $5, content_type = $6, body = $7, settled = TRUE
        WHERE account_id = $1 AND key_id = $2 AND idempotency_key = $3 AND claim = $4 AND NOT settled";
    RELEASE = "DELETE FROM idempotent_requests
        WHERE account_id = $1 AND key_id = $2 AND idempotency_key = $3 AND claim = $4 AND NOT settled";
    FORGET = "DELETE FROM idempotent_requests WHERE (account_id, key_id, idempotency_key) IN (
        SELECT account_id, key_id, idempotency_key FROM idempotent_requests
        WHERE claimed_at <= $1 ORDER BY claimed_at LIMIT $2)";
    ALIVE = "SELECT seen_at FROM incarnations WHERE id = $1 AND seen_at >= $2";
}

impl Store {
    /// Takes a key, durably, unless a request younger than `forgotten` has it.
    pub async fn claim_idempotency(
        &self,
        claim: IdempotencyClaim,
        forgotten: Timestamp,
    ) -> Result<Claimed, StoreError> {
        self.write(move |tx| {
            let IdempotencyClaim { scope, fingerprint, owner, claim, at } = claim.clone();
            Box::pin(async move {
                let mut values = scope.args();
                values.extend(args![fingerprint, owner, claim, at, forgotten]);
                if tx.execute(&CLAIM, values).await? == 1 {
                    return Ok(Claimed::Yes);
                }
                let row = tx.optional(&FIND, scope.args()).await?;
                row.map_or(Ok(Claimed::Moved), |row| {
                    EarlierRequest::from_row(&row, &scope).map(Claimed::Earlier)
                })
            })
        })
        .await
    }

    /// Takes the key of a request that was interrupted before anything of it
    /// was committed; false when that is not, or no longer, so.
    ///
    /// Should that request go on after all, it can commit nothing.
    pub async fn take_over_idempotency(
        &self,
        interrupted: &str,
        claim: &IdempotencyClaim,
    ) -> Result<bool, StoreError> {
        let mut values = claim.scope.args();
        values.extend(args![interrupted, &*claim.owner, &*claim.claim, claim.at]);
        Ok(self.execute(&TAKE_OVER, values).await? == 1)
    }

    /// Keeps what a claimed request was answered; false when the claim is gone.
    pub async fn complete_idempotency(
        &self,
        scope: &IdempotencyScope,
        claim: &str,
        answer: StoredAnswer,
    ) -> Result<bool, StoreError> {
        let (scope, claim) = (scope.clone(), claim.to_owned());
        self.write(move |tx| {
            let (scope, claim, answer) = (scope.clone(), claim.clone(), answer.clone());
            Box::pin(async move {
                let values = answered(tx, &scope, &claim, answer).await?;
                Ok(tx.execute(&COMPLETE, values).await? == 1)
            })
        })
        .await
    }

    /// Gives a key back whose request certainly did nothing; false when the
    /// claim is gone.
    pub async fn release_idempotency(
        &self,
        scope: &IdempotencyScope,
        claim: &str,
    ) -> Result<bool, StoreError> {
        let mut values = scope.args();
        values.extend(args![claim]);
        Ok(self.execute(&RELEASE, values).await? == 1)
    }

    /// Drops up to `limit` keys claimed until `at`, of any account, oldest
    /// first; how many.
    pub async fn forget_idempotency(&self, at: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.execute(&FORGET, args![at, limit]).await
    }

    /// Whether this incarnation gave a sign of life since `since`.
    pub async fn is_incarnation_alive(
        &self,
        incarnation: &str,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.read().await?.optional(&ALIVE, args![incarnation, since]).await?.is_some())
    }
}

/// Writes what a transaction is for its request into the row of its key.
///
/// # Errors
/// [`StoreError::Superseded`] when somebody else has the key by now.
pub(crate) async fn stamp(
    tx: &mut Conn,
    scope: &IdempotencyScope,
    claim: &str,
    effect: Effect,
) -> Result<(), StoreError> {
    let rows = match effect {
        Effect::None => return Ok(()),
        Effect::Some => {
            let mut values = scope.args();
            values.extend(args![claim]);
            tx.execute(&COUNT_EFFECT, values).await?
        }
        Effect::Answered(answer) => {
            let values = answered(tx, scope, claim, answer).await?;
            tx.execute(&ANSWER_EFFECT, values).await?
        }
    };
    if rows == 1 { Ok(()) } else { Err(StoreError::Superseded) }
}

/// A claim and its answer, as statements take them, its body sealed.
async fn answered(
    tx: &mut Conn,
    scope: &IdempotencyScope,
    claim: &str,
    mut answer: StoredAnswer,
) -> Result<Vec<Value>, StoreError> {
    if let Some(body) = &mut answer.body {
        *body = tx.sealer().await?.seal(&Column::Answers.place(&scope.key()), body);
    }
    let mut values = scope.args();
    values.extend(args![claim, u32::from(answer.status), answer.content_type, answer.body]);
    Ok(values)
}

impl IdempotencyScope {
    fn args(&self) -> Vec<Value> {
        args![&self.account_id, &self.key_id, &self.idempotency_key]
    }

    fn key(&self) -> [&str; 3] {
        [self.account_id.as_str(), self.key_id.as_str(), &self.idempotency_key]
    }
}

impl EarlierRequest {
    fn from_row(row: &Row, scope: &IdempotencyScope) -> Result<Self, StoreError> {
        let answer = match row.opt_number("status")? {
            Some(status) => Some(StoredAnswer {
                status,
                content_type: row.opt_text("content_type")?,
                body: row.opt_sealed("body", &Column::Answers.place(&scope.key()))?,
            }),
            None => None,
        };
        Ok(Self {
            fingerprint: row.text("fingerprint")?,
            owner: row.text("owner")?,
            claim: row.text("claim")?,
            answer,
            is_settled: row.flag("settled")?,
            has_effect: row.int("effects")? > 0,
        })
    }
}
