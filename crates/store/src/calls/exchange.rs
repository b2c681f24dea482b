//! One voice turn's exchange with the webhook, in the delivery log.

use std::sync::Arc;

use offhook_model::id::CallId;

use crate::{Attempt, NewEvent, Store, StoreError, events, statement::statements, value::args};

statements! {
    HELD = "SELECT id FROM calls WHERE account_id = $1 AND id = $2 AND owner = $3 AND ended_at IS NULL
        /*pg: FOR SHARE */";
}

impl Store {
    /// Stores the exchange of a running call of `owner`. False, and no row,
    /// when the call is over or not this owner's.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is stored already.
    pub async fn record_exchange(
        &self,
        owner: &str,
        call: &CallId,
        event: NewEvent,
        attempt: Attempt,
    ) -> Result<bool, StoreError> {
        let parts = Arc::new((owner.to_owned(), call.clone(), event, attempt));
        self.write(move |tx| {
            let parts = Arc::clone(&parts);
            Box::pin(async move {
                let (owner, call, event, attempt) = &*parts;
                let held = tx.optional(&HELD, args![&event.account_id, call, owner]).await?;
                if held.is_none() {
                    return Ok(false);
                }
                events::insert_over(tx, event, attempt).await?;
                Ok(true)
            })
        })
        .await
    }
}
