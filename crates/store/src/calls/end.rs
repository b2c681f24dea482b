//! The end of a call, with its events, exactly once.

use std::{sync::Arc, time::Duration};

use offhook_model::{
    Timestamp,
    call::{CallState, CallStatus},
    id::{AccountId, CallId},
    usage::LedgerEntry,
};

use crate::{
    NewEvent, Store, StoreError,
    calls::{counts::Place, state_word},
    conn::Conn,
    events,
    statement::statements,
    usage::{
        charge,
        tally::{CALL_COMPLETED, Tally},
    },
    value::args,
};

/// How a call ended, and what the world is told about it.
#[derive(Debug, Clone, PartialEq)]
pub struct EndCall {
    /// The incarnation that holds the call: its own, or a dead one's. With any
    /// other nothing happens.
    pub owner: String,
    /// Whose call it is.
    pub account_id: AccountId,
    /// The call.
    pub call_id: CallId,
    /// [`CallState::Completed`] or [`CallState::Failed`].
    pub state: CallState,
    /// When.
    pub at: Timestamp,
    /// From answer to end; zero when never answered.
    pub talk_time: Duration,
    /// The recording's name in [`crate::Blobs`].
    pub recording: Option<String>,
    /// What it costs, recorded in the same transaction; the agent it began
    /// with and its number are filled in. A call is over whether it is paid
    /// or not: only `Metered` and `Owed` make sense.
    pub charges: Vec<LedgerEntry>,
    /// Stored in the same transaction as the end, or not at all.
    pub events: Vec<NewEvent>,
}

statements! {
    END = "UPDATE calls SET state = $3, end_reason = $4, status = $5, fine_word = $6, ended_at = $7,
        talk_time_ms = $8, recording = $9 WHERE account_id = $1 AND id = $2";
}

impl Store {
    /// Ends a call and stores its events. False, and no event, when it is
    /// unknown, not this owner's or has ended before, or when `state` is not an
    /// end.
    pub async fn end_call(&self, end: EndCall) -> Result<bool, StoreError> {
        let Some(reason) = end.state.end_reason() else { return Ok(false) };
        let end = Arc::new(end);
        self.write(move |tx| {
            let end = Arc::clone(&end);
            Box::pin(async move {
                let args = args![
                    &end.account_id,
                    &end.call_id,
                    state_word(end.state),
                    reason.as_str(),
                    end.state.status().as_str(),
                    end.state.fine_word(),
                    end.at,
                    i64::try_from(end.talk_time.as_millis()).unwrap_or(i64::MAX),
                    end.recording.clone()
                ];
                let Some(place) = Place::hold(tx, &end.owner, &end.account_id, &end.call_id).await? else {
                    return Ok(false);
                };
                tx.execute(&END, args).await?;
                place.moved_to(tx, end.state.fine_word()).await?;
                count(tx, &end, &place).await?;
                for event in &end.events {
                    events::insert(tx, event).await?;
                }
                Ok(true)
            })
        })
        .await
    }
}

/// The call in the ledger and its rollups.
async fn count(tx: &mut Conn, end: &EndCall, place: &Place) -> Result<(), StoreError> {
    if end.state.status() == CallStatus::Completed {
        let tally = Tally {
            account: &end.account_id,
            kind: CALL_COMPLETED,
            agent: place.agent.as_ref(),
            number: place.number.as_ref(),
            quantity: i64::try_from(end.talk_time.as_secs()).unwrap_or(i64::MAX),
            amount_micros: 0,
            at: end.at,
        };
        tally.add(tx).await?;
    }
    for entry in &end.charges {
        let entry =
            LedgerEntry { agent_id: place.agent.clone(), number_id: place.number.clone(), ..entry.clone() };
        // An end cannot be refused, so its charges are not either.
        let _recorded = charge(tx, &entry).await?;
    }
    Ok(())
}
