//! The end of a call, with its events, exactly once.

use std::{sync::Arc, time::Duration};

use offhook_model::{
    Timestamp,
    call::CallState,
    id::{AccountId, CallId},
};

use crate::{NewEvent, Store, StoreError, calls::state_word, events, statement::statements, value::args};

/// How a call ended, and what the world is told about it.
#[derive(Debug, Clone, PartialEq)]
pub struct EndCall {
    /// The call's owner.
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
    /// Stored in the same transaction as the end, or not at all.
    pub events: Vec<NewEvent>,
}

statements! {
    END = "UPDATE calls SET state = $3, end_reason = $4, status = $5, fine_word = $6, ended_at = $7,
        talk_time_ms = $8, recording = $9 WHERE account_id = $1 AND id = $2 AND ended_at IS NULL";
}

impl Store {
    /// Ends a call and stores its events. False, and no event, when it is
    /// unknown or has ended before, or when `state` is not an end.
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
                if tx.execute(&END, args).await? == 0 {
                    return Ok(false);
                }
                for event in &end.events {
                    events::insert(tx, event).await?;
                }
                Ok(true)
            })
        })
        .await
    }
}
