//! People a line wrote to first: what carriers of iMessage limit per day.

use std::collections::HashMap;

use offhook_model::{
    Timestamp,
    id::{AccountId, NumberId},
};

use crate::{Store, StoreError, statement::statements, value::args};

statements! {
    // A thread is as old as its first message; one that began since then was
    // last active since then, which is what the index is by.
    BEGUN = "SELECT c.number_id, COUNT(*) AS begun FROM conversations c
        WHERE c.account_id = $1 AND c.last_message_at >= $2 AND c.created_at >= $2 AND c.network = 'native'
        AND EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.at = c.created_at
            AND m.direction = 'outbound')
        GROUP BY c.number_id";
}

impl Store {
    /// How many threads each number of the account began with a message of its
    /// own since then; numbers that began none are left out. Messages of
    /// WhatsApp do not count.
    pub async fn strangers_written_to(
        &self,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<HashMap<NumberId, u32>, StoreError> {
        let rows = self.read().await?.all(&BEGUN, args![account, since]).await?;
        rows.iter().map(|row| Ok((row.id("number_id")?, row.number("begun")?))).collect()
    }
}
