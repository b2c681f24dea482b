//! Events on their way to webhooks, and the log of their deliveries.
//!
//! | table | holds | file |
//! |---|---|---|
//! | `events` | the log: one row per event, with its body and its last attempt | this one, [`log`], [`stats`] |
//! | `outbox` | what is still to be sent: when, in which lane, under whose lease | [`due`], [`claim`], [`record`] |
//! | `delivery_attempts` | every attempt | [`record`], [`log`] |
//!
//! An event is pending exactly as long as it has a row in the outbox.

use std::{fmt, time::Duration};

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, EventId},
};

use crate::{
    Store, StoreError,
    conn::Conn,
    row::Row,
    statement::statements,
    usage::tally::{self, Counts, DELIVERY, DELIVERY_FAILED, DELIVERY_SUCCESS},
    value::{Value, args},
};

pub(crate) mod claim;
pub(crate) mod due;
pub(crate) mod log;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod stats;

pub use claim::{ClaimedEvent, Lease};

/// An event to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id. Events of one `order_key` are first sent in the order of their ids.
    pub id: EventId,
    /// `X-Webhook-ID`, a UUID, the same on every attempt; the API's delivery id.
    pub delivery_id: String,
    /// Its owner.
    pub account_id: AccountId,
    /// The agent it belongs to.
    pub agent_id: Option<AgentId>,
    /// The agent whose own webhook gets it; none: the account's webhook.
    pub target: Option<AgentId>,
    /// `agent.call_ended`, `agent.message`, ….
    pub event_type: String,
    /// `voice`, `sms`, ….
    pub channel: String,
    /// The message or call it is about.
    pub subject_id: Option<String>,
    /// The conversation or call whose first attempts keep their order; none:
    /// it waits for no other.
    pub order_key: Option<String>,
    /// The exact body to send.
    pub body: String,
    /// When it happened; its first attempt is due at once.
    pub created_at: Timestamp,
}

/// Whose webhook: an account's own, or that of one of its agents.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The account.
    pub account: AccountId,
    /// The agent; none: the account's own webhook.
    pub target: Option<AgentId>,
}

/// Which budget an attempt comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// First attempts, of a conversation in order.
    First,
    /// Whatever has failed before.
    Retry,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// HTTP status, when one came.
    pub http_status: Option<u16>,
    /// What went wrong, e.g. `HTTP 500`.
    pub error: Option<String>,
    /// How the reply begins; 10 000 characters are kept.
    pub response_body: Option<String>,
    /// When it was sent.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What follows.
    pub verdict: Verdict,
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Delivered.
    Success,
    /// Given up.
    Failed,
    /// To be tried again then.
    RetryAt(Timestamp),
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// To be sent, or sent again.
    Pending,
    /// Delivered.
    Success,
    /// Given up.
    Failed,
}

/// A row of the delivery log (contract §8.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The event.
    pub event: NewEvent,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Attempts made, over all rounds.
    pub attempts: u32,
    /// HTTP status of the last attempt.
    pub http_status: Option<u16>,
    /// What went wrong last.
    pub error: Option<String>,
    /// How the last reply begins.
    pub response_body: Option<String>,
    /// How long the last attempt took, ms.
    pub response_ms: Option<u64>,
    /// When the next attempt is due; none once it is over.
    pub next_attempt_at: Option<Timestamp>,
    /// When the last attempt was made.
    pub last_attempt_at: Option<Timestamp>,
    /// When it was last replayed.
    pub replayed_at: Option<Timestamp>,
}

/// Most characters of a reply that are kept (webhooks.md §5).
const RESPONSE_CHARS: usize = 10_000;

statements! {
    INSERT = "INSERT INTO events (id, delivery_id, account_id, agent_id, target, event_type, channel, subject_id,
        order_key, body, status, attempt_count, http_status, error, response_body, response_ms, next_attempt_at,
        last_attempt_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    QUEUE = "INSERT INTO outbox (event_id, lane, endpoint, order_key, due_at, attempts)
        VALUES ($1, $2, $3, $4, $5, $6)";
}

impl Store {
    /// Stores an event that waits for its delivery. Events that belong to a
    /// change go with it (see [`Store::end_call`]); this is for those alone.
    pub async fn insert_event(&self, event: &NewEvent) -> Result<(), StoreError> {
        let event = event.clone();
        self.write(move |tx| {
            let event = event.clone();
            Box::pin(async move { insert(tx, &event).await })
        })
        .await
    }

    /// Stores a delivery that was tried already: a voice turn, a test event.
    /// [`Verdict::RetryAt`] makes it a pending one.
    pub async fn insert_delivery(&self, event: &NewEvent, attempt: &Attempt) -> Result<(), StoreError> {
        let (event, attempt) = (event.clone(), attempt.clone());
        self.write(move |tx| {
            let (event, attempt) = (event.clone(), attempt.clone());
            Box::pin(async move { insert_over(tx, &event, &attempt).await })
        })
        .await
    }
}

/// Stores an event inside somebody's transaction.
pub(crate) async fn insert(tx: &mut Conn, event: &NewEvent) -> Result<(), StoreError> {
    tx.execute(&INSERT, event.args(None)).await?;
    queue(tx, event, Lane::First, event.created_at).await?;
    tally::count(tx, &event.account_id, DELIVERY, event.created_at).await
}

/// Stores a delivery that was made already inside somebody's transaction.
pub(crate) async fn insert_over(
    tx: &mut Conn,
    event: &NewEvent,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    tx.execute(&INSERT, event.args(Some(attempt))).await?;
    if let Verdict::RetryAt(at) = attempt.verdict {
        queue(tx, event, Lane::Retry, at).await?;
    }
    record::keep(tx, &[&event.id]).await?;
    let mut counts = Counts::default();
    counts.add(&event.account_id, DELIVERY, event.created_at, 1);
    if let Some(kind) = attempt.status().counted() {
        counts.add(&event.account_id, kind, event.created_at, 1);
    }
    counts.write(tx).await
}

async fn queue(tx: &mut Conn, event: &NewEvent, lane: Lane, due: Timestamp) -> Result<(), StoreError> {
    let order = event.order_key.clone().unwrap_or_else(|| event.id.to_string());
    let args = args![&event.id, lane.number(), event.endpoint().to_string(), order, due, lane.number()];
    tx.execute(&QUEUE, args).await.map(drop)
}

/// Ids as the statements take them: a JSON object, which both databases unfold
/// as rows. One text, one argument, however many there are.
fn id_set<'a>(ids: impl IntoIterator<Item = &'a EventId>) -> String {
    let set: serde_json::Map<String, serde_json::Value> =
        ids.into_iter().map(|id| (id.to_string(), serde_json::Value::Null)).collect();
    serde_json::Value::Object(set).to_string()
}

impl NewEvent {
    /// Whose webhook gets it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint { account: self.account_id.clone(), target: self.target.clone() }
    }

    fn args(&self, attempt: Option<&Attempt>) -> Vec<Value> {
        let mut args = args![
            &self.id,
            &self.delivery_id,
            &self.account_id,
            self.agent_id.as_ref(),
            self.target.as_ref().map_or("", AgentId::as_str),
            &self.event_type,
            &self.channel,
            self.subject_id.clone(),
            self.order_key.clone(),
            &self.body
        ];
        args.extend(match attempt {
            None => args![
                DeliveryStatus::Pending.as_str(),
                0_i64,
                None::<i64>,
                None::<String>,
                None::<String>,
                None::<i64>,
                self.created_at,
                None::<i64>
            ],
            Some(attempt) => args![
                attempt.status().as_str(),
                1_i64,
                attempt.http_status.map(i64::from),
                attempt.error.clone(),
                attempt.kept_body(),
                attempt.took_ms(),
                attempt.next_at(),
                attempt.at
            ],
        });
        args.extend(args![self.created_at]);
        args
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.target.as_ref().map_or("", AgentId::as_str))
    }
}

impl Endpoint {
    /// Reads a column of the outbox.
    fn from_column(text: &str) -> Result<Self, StoreError> {
        let (account, target) =
            text.split_once('/').ok_or_else(|| StoreError::corrupt("column endpoint: malformed"))?;
        let target = Some(target).filter(|target| !target.is_empty()).map(AgentId::from);
        Ok(Self { account: account.into(), target })
    }
}

impl Lane {
    /// Both, the more urgent one first.
    pub const ALL: [Self; 2] = [Self::First, Self::Retry];

    /// As metrics name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Retry => "retry",
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::First => 0,
            Self::Retry => 1,
        }
    }

    fn from_number(number: i64) -> Self {
        if number == 0 { Self::First } else { Self::Retry }
    }
}

impl Attempt {
    fn status(&self) -> DeliveryStatus {
        match self.verdict {
            Verdict::Success => DeliveryStatus::Success,
            Verdict::Failed => DeliveryStatus::Failed,
            Verdict::RetryAt(_) => DeliveryStatus::Pending,
        }
    }

    fn next_at(&self) -> Option<Timestamp> {
        match self.verdict {
            Verdict::RetryAt(at) => Some(at),
            Verdict::Success | Verdict::Failed => None,
        }
    }

    fn took_ms(&self) -> i64 {
        i64::try_from(self.took.as_millis()).unwrap_or(i64::MAX)
    }

    fn kept_body(&self) -> Option<String> {
        Some(self.response_body.as_ref()?.chars().take(RESPONSE_CHARS).collect())
    }
}

impl DeliveryStatus {
    /// The contract's words.
    pub const WORDS: &[&str] = &["pending", "success", "failed"];

    /// The contract's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }

    /// What the contract's word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Success, Self::Failed].into_iter().find(|status| status.as_str() == word)
    }

    /// What it counts as in the rollups, beside being a delivery.
    fn counted(self) -> Option<&'static str> {
        match self {
            Self::Pending => None,
            Self::Success => Some(DELIVERY_SUCCESS),
            Self::Failed => Some(DELIVERY_FAILED),
        }
    }
}

impl Delivery {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            event: NewEvent {
                id: row.id("id")?,
                delivery_id: row.text("delivery_id")?,
                account_id: row.id("account_id")?,
                agent_id: row.opt_id("agent_id")?,
                target: Some(row.text("target")?).filter(|target| !target.is_empty()).map(AgentId::from),
                event_type: row.text("event_type")?,
                channel: row.text("channel")?,
                subject_id: row.opt_text("subject_id")?,
                order_key: row.opt_text("order_key")?,
                body: row.text("body")?,
                created_at: row.time("created_at")?,
            },
            status: row.word("status", DeliveryStatus::from_word)?,
            attempts: row.number("attempt_count")?,
            http_status: row.opt_number("http_status")?,
            error: row.opt_text("error")?,
            response_body: row.opt_text("response_body")?,
            response_ms: row.opt_number("response_ms")?,
            next_attempt_at: row.opt_time("next_attempt_at")?,
            last_attempt_at: row.opt_time("last_attempt_at")?,
            replayed_at: row.opt_time("replayed_at")?,
        })
    }
}
