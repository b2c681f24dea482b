//! Calls: reading them.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    call::{CallState, Direction, EndReason},
    id::{AccountId, AgentId, CallId, NumberId},
};
use serde_json::Value as Json;

use crate::{
    Page, Paged, Store, StoreError,
    row::Row,
    statement::statements,
    value::{Value, args},
};

pub(crate) mod end;
pub(crate) mod insert;
pub(crate) mod lost;
pub(crate) mod turns;

pub use turns::StoredTurn;

/// A call as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// Its owner.
    pub account_id: AccountId,
    /// The agent that talks; none once it was deleted.
    pub agent_id: Option<AgentId>,
    /// The agent's name when the call began.
    pub agent_name: Option<String>,
    /// Our number's id; none for web calls.
    pub number_id: Option<NumberId>,
    /// Our number.
    pub phone_number: Option<String>,
    /// The calling party as the API shows it; `web` for a browser.
    pub from: String,
    /// The called party as the API shows it.
    pub to: String,
    /// Who started it.
    pub direction: Direction,
    /// Where it stands.
    pub state: CallState,
    /// Arrival or creation.
    pub started_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// From answer to end, exact; none until it ended.
    pub talk_time: Option<Duration>,
    /// What `POST /v1/calls/web` stored with it.
    pub metadata: Option<Json>,
    /// Whether its audio must not be kept.
    pub recording_disabled: bool,
    /// The name of its recording in [`crate::Blobs`], when one is kept.
    pub recording: Option<String>,
    /// The boot of the process that holds it.
    pub owner: String,
}

/// A row of a list of calls.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSummary {
    /// The call.
    pub call: Call,
    /// The last words of its transcript.
    pub last_words: Option<String>,
}

/// Which calls a list holds; what is none does not filter. Unknown words
/// match nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// A rendered status, or a finer word ([`CallState::fine_word`]).
    pub status: Option<String>,
    /// `inbound`, `outbound`, `web`.
    pub direction: Option<String>,
    /// `pstn`, `web`.
    pub kind: Option<String>,
    /// Part of from or to, in any case.
    pub search: Option<String>,
    /// Calls of this agent.
    pub agent_id: Option<AgentId>,
    /// Calls over this number.
    pub number_id: Option<NumberId>,
}

/// Filter `$2` to `$7`: status, direction, type, search pattern, agent, number.
macro_rules! filtered {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " FROM calls c WHERE c.account_id = $1
            AND (CAST($2 AS TEXT) IS NULL OR c.status = $2 OR c.fine_word = $2)
            AND (CAST($3 AS TEXT) IS NULL OR c.direction = $3)
            AND (CAST($4 AS TEXT) IS NULL OR CASE WHEN c.direction = 'web' THEN 'web' ELSE 'pstn' END = $4)
            AND (CAST($5 AS TEXT) IS NULL OR LOWER(c.from_number) LIKE $5 ESCAPE '!'
                OR LOWER(c.to_number) LIKE $5 ESCAPE '!')
            AND (CAST($6 AS TEXT) IS NULL OR c.agent_id = $6)
            AND (CAST($7 AS TEXT) IS NULL OR c.number_id = $7)",
            $tail
        )
    };
}

statements! {
    BY_ID = "SELECT c.* FROM calls c WHERE c.account_id = $1 AND c.id = $2";
    PUBLIC = "SELECT c.* FROM calls c WHERE c.id = $1";
    COUNT = filtered!("SELECT COUNT(*) AS total", "");
    LIST = filtered!(
        "SELECT c.*, (SELECT t.body FROM turns t WHERE t.call_id = c.id ORDER BY t.idx DESC LIMIT 1) AS last_words",
        " ORDER BY c.started_at DESC, c.id DESC LIMIT $8 OFFSET $9"
    );
    OPEN = "SELECT COUNT(*) AS open FROM calls WHERE account_id = $1 AND ended_at IS NULL";
    TRANSITION = "UPDATE calls SET state = $3, status = $4, fine_word = $5,
        answered_at = CASE WHEN $3 = 'answered' THEN COALESCE(answered_at, $6) ELSE answered_at END
        WHERE account_id = $1 AND id = $2 AND ended_at IS NULL AND state <> 'answered'";
}

impl Store {
    /// A call of this account.
    pub async fn call(&self, account: &AccountId, id: &CallId) -> Result<Option<Call>, StoreError> {
        self.read().await?.optional(&BY_ID, args![account, id]).await?.map(|row| from_row(&row)).transpose()
    }

    /// A call of any account: only for its recording, which is public to
    /// whoever knows the call's unguessable id (contract §0.2).
    pub async fn call_by_capability(&self, id: &CallId) -> Result<Option<Call>, StoreError> {
        self.read().await?.optional(&PUBLIC, args![id]).await?.map(|row| from_row(&row)).transpose()
    }

    /// The account's calls, newest start first.
    pub async fn calls(
        &self,
        account: &AccountId,
        filter: &CallFilter,
        page: Page,
    ) -> Result<Paged<CallSummary>, StoreError> {
        let mut args = filter.args(account);
        let mut conn = self.read().await?;
        let total = conn.one(&COUNT, args.clone()).await?.number("total")?;
        args.extend(args![page.limit, page.offset]);
        let rows = conn.all(&LIST, args).await?;
        let summary =
            |row: Row| Ok(CallSummary { call: from_row(&row)?, last_words: row.opt_text("last_words")? });
        Ok(Paged::new(rows.into_iter().map(summary).collect::<Result<_, StoreError>>()?, total, page))
    }

    /// How many of the account's calls are not over.
    pub async fn open_calls(&self, account: &AccountId) -> Result<u32, StoreError> {
        self.read().await?.one(&OPEN, args![account]).await?.number("open")
    }

    /// Stores that a call dials, rings or was answered. False when it is over
    /// or already answered: late news changes nothing. Ends go through
    /// [`Store::end_call`] only.
    pub async fn transition_call(
        &self,
        account: &AccountId,
        id: &CallId,
        state: CallState,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        if state.end_reason().is_some() {
            return Ok(false);
        }
        let args = args![account, id, state_word(state), state.status().as_str(), state.fine_word(), at];
        Ok(self.execute(&TRANSITION, args).await? == 1)
    }
}

impl CallFilter {
    fn args(&self, account: &AccountId) -> Vec<Value> {
        args![
            account,
            self.status.clone(),
            self.direction.clone(),
            self.kind.clone(),
            self.search.as_deref().map(pattern),
            self.agent_id.as_ref(),
            self.number_id.as_ref()
        ]
    }
}

/// A LIKE pattern for a substring; `!` escapes.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn state_word(state: CallState) -> &'static str {
    match state {
        CallState::Queued => "queued",
        CallState::Dialing => "dialing",
        CallState::Ringing => "ringing",
        CallState::Answered => "answered",
        CallState::Completed(_) => "completed",
        CallState::Failed(_) => "failed",
    }
}

fn read_state(row: &Row) -> Result<CallState, StoreError> {
    Ok(match row.text("state")?.as_str() {
        "queued" => CallState::Queued,
        "dialing" => CallState::Dialing,
        "ringing" => CallState::Ringing,
        "answered" => CallState::Answered,
        "completed" => CallState::Completed(row.word("end_reason", EndReason::from_word)?),
        "failed" => CallState::Failed(row.word("end_reason", EndReason::from_word)?),
        _ => return Err(StoreError::corrupt("column state: unknown word")),
    })
}

fn from_row(row: &Row) -> Result<Call, StoreError> {
    Ok(Call {
        id: row.id("id")?,
        account_id: row.id("account_id")?,
        agent_id: row.opt_id("agent_id")?,
        agent_name: row.opt_text("agent_name")?,
        number_id: row.opt_id("number_id")?,
        phone_number: row.opt_text("phone_number")?,
        from: row.text("from_number")?,
        to: row.text("to_number")?,
        direction: row.word("direction", Direction::from_word)?,
        state: read_state(row)?,
        started_at: row.time("started_at")?,
        answered_at: row.opt_time("answered_at")?,
        ended_at: row.opt_time("ended_at")?,
        talk_time: row.opt_number("talk_time_ms")?.map(Duration::from_millis),
        metadata: row.opt_json("metadata")?,
        recording_disabled: row.flag("recording_disabled")?,
        recording: row.opt_text("recording")?,
        owner: row.text("owner")?,
    })
}
