//! Events on their way to webhooks, and the log of their deliveries.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    id::{AccountId, AgentId, EventId},
};

use crate::{
    Page, Paged, Store, StoreError,
    conn::Conn,
    row::Row,
    statement::statements,
    usage::tally::{self, DELIVERY, DELIVERY_FAILED, DELIVERY_SUCCESS},
    value::{Value, args},
};

pub(crate) mod claim;
pub(crate) mod stats;

pub use claim::{ClaimedEvent, Lease};

/// An event to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id.
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
    /// The exact body to send.
    pub body: String,
    /// When it happened; its first attempt is due at once.
    pub created_at: Timestamp,
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
    /// Attempts made.
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
}

/// Most characters of a reply that are kept (webhooks.md §5).
const RESPONSE_CHARS: usize = 10_000;

statements! {
    INSERT = "INSERT INTO events (id, delivery_id, account_id, agent_id, target, event_type, channel, subject_id,
        body, status, attempt_count, http_status, error, response_body, response_ms, next_attempt_at,
        last_attempt_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    LIST = "SELECT * FROM events WHERE account_id = $1 AND (CAST($2 AS TEXT) IS NULL OR target = $2)
        AND (CAST($3 AS BIGINT) IS NULL OR created_at >= $3)
        ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5";
    COUNT = "SELECT COUNT(*) AS total FROM events WHERE account_id = $1
        AND (CAST($2 AS TEXT) IS NULL OR target = $2) AND (CAST($3 AS BIGINT) IS NULL OR created_at >= $3)";
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

    /// Stores a delivery that is over already: a voice turn, a test event.
    /// [`Verdict::RetryAt`] makes it a pending one.
    pub async fn insert_delivery(&self, event: &NewEvent, attempt: &Attempt) -> Result<(), StoreError> {
        let (event, attempt) = (event.clone(), attempt.clone());
        self.write(move |tx| {
            let (event, attempt) = (event.clone(), attempt.clone());
            Box::pin(async move {
                tx.execute(&INSERT, event.args(Some(&attempt))).await?;
                tally::count(tx, &event.account_id, DELIVERY, event.created_at).await?;
                count_outcome(tx, &event.account_id, event.created_at, &attempt).await
            })
        })
        .await
    }

    /// The delivery log, newest first: of the whole account, or of one agent's
    /// own webhook; all of it, or since a moment.
    pub async fn deliveries(
        &self,
        account: &AccountId,
        target: Option<&AgentId>,
        since: Option<Timestamp>,
        page: Page,
    ) -> Result<Paged<Delivery>, StoreError> {
        let mut conn = self.read().await?;
        let total = conn.one(&COUNT, args![account, target, since]).await?.number("total")?;
        let rows = conn.all(&LIST, args![account, target, since, page.limit, page.offset]).await?;
        let data = rows.iter().map(Delivery::from_row).collect::<Result<_, _>>()?;
        Ok(Paged::new(data, total, page))
    }
}

/// Stores an event inside somebody's transaction.
pub(crate) async fn insert(tx: &mut Conn, event: &NewEvent) -> Result<(), StoreError> {
    tx.execute(&INSERT, event.args(None)).await?;
    tally::count(tx, &event.account_id, DELIVERY, event.created_at).await
}

/// Counts a delivery that is over now, at the moment of its event.
async fn count_outcome(
    tx: &mut Conn,
    account: &AccountId,
    created_at: Timestamp,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let kind = match attempt.verdict {
        Verdict::Success => DELIVERY_SUCCESS,
        Verdict::Failed => DELIVERY_FAILED,
        Verdict::RetryAt(_) => return Ok(()),
    };
    tally::count(tx, account, kind, created_at).await
}

impl NewEvent {
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
    /// The contract's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Success, Self::Failed].into_iter().find(|status| status.as_str() == word)
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
        })
    }
}
