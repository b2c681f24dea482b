//! Calls: one of them, and how it goes on.

use std::time::Duration;

use offhook_model::{
    Timestamp,
    call::{CallState, Direction, EndReason},
    id::{AccountId, AgentId, CallId, NumberId},
};
use serde_json::Value as Json;

use crate::{Store, StoreError, calls::counts::Place, row::Row, statement::statements, value::args};

pub(crate) mod counts;
pub(crate) mod end;
pub(crate) mod exchange;
pub(crate) mod insert;
pub(crate) mod list;
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
    /// How it is charged.
    pub service: CallService,
    /// Whether its audio must not be kept.
    pub recording_disabled: bool,
    /// The name of its recording in [`crate::Blobs`], when one is kept.
    pub recording: Option<String>,
    /// The boot of the process that holds it: only it writes, while the call
    /// is open.
    pub owner: String,
    /// When its owner last wrote that it is up; none before the first time.
    pub checkpoint_at: Option<Timestamp>,
}

/// How a call is charged; fixed when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallService {
    /// Whether the built-in model runs it, else the account's webhook.
    pub hosted: bool,
    /// Whether other talkers are removed from the caller's audio, too.
    pub aggressive_denoising: bool,
}

statements! {
    BY_ID = "SELECT c.* FROM calls c WHERE c.account_id = $1 AND c.id = $2";
    PUBLIC = "SELECT c.* FROM calls c WHERE c.id = $1";
    OPEN = "SELECT COUNT(*) AS open FROM calls WHERE account_id = $1 AND ended_at IS NULL";
    HELD = "SELECT id FROM calls WHERE id = $1 AND owner = $2 AND ended_at IS NULL";
    TRANSITION = "UPDATE calls SET state = $3, status = $4, fine_word = $5,
        answered_at = CASE WHEN $3 = 'answered' THEN COALESCE(answered_at, $6) ELSE answered_at END
        WHERE account_id = $1 AND id = $2";
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

    /// How many of the account's calls are not over.
    pub async fn open_calls(&self, account: &AccountId) -> Result<u32, StoreError> {
        self.read().await?.one(&OPEN, args![account]).await?.number("open")
    }

    /// Whether this incarnation still holds the call: it is open and was not
    /// taken from it. Asked after a fenced write had no effect.
    pub async fn holds_call(&self, owner: &str, id: &CallId) -> Result<bool, StoreError> {
        Ok(self.read().await?.optional(&HELD, args![id, owner]).await?.is_some())
    }

    /// Stores that a call of `owner` dials, rings or was answered. False when
    /// it is over, not this owner's, or already answered: late news changes
    /// nothing. Ends go through [`Store::end_call`] only.
    pub async fn transition_call(
        &self,
        owner: &str,
        account: &AccountId,
        id: &CallId,
        state: CallState,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        if state.end_reason().is_some() {
            return Ok(false);
        }
        let (owner, account, id) = (owner.to_owned(), account.clone(), id.clone());
        self.write(move |tx| {
            let (owner, account, id) = (owner.clone(), account.clone(), id.clone());
            Box::pin(async move {
                let Some(place) = Place::hold(tx, &owner, &account, &id).await? else { return Ok(false) };
                if place.state == "answered" {
                    return Ok(false);
                }
                let (status, fine_word) = (state.status().as_str(), state.fine_word());
                tx.execute(&TRANSITION, args![&account, &id, state_word(state), status, fine_word, at])
                    .await?;
                place.moved_to(tx, fine_word).await?;
                Ok(true)
            })
        })
        .await
    }
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
        service: CallService {
            hosted: row.flag("hosted")?,
            aggressive_denoising: row.flag("aggressive_denoising")?,
        },
        recording_disabled: row.flag("recording_disabled")?,
        recording: row.opt_text("recording")?,
        owner: row.text("owner")?,
        checkpoint_at: row.opt_time("checkpoint_at")?,
    })
}
