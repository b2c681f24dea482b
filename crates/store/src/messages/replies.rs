//! What the messages of a page answer.

use std::collections::HashMap;

use offhook_model::{
    id::{AccountId, MessageId},
    message::Message,
};

use crate::{Store, StoreError, messages::from_row, statement::statements, value::args};

statements! {
    ANSWERED = "SELECT r.* FROM messages m JOIN messages r ON r.id = m.reply_to
        WHERE m.conversation_id = $1 AND m.at >= $2 AND m.at <= $3 AND m.account_id = $4
        AND m.reply_to IS NOT NULL AND r.account_id = $4";
}

impl Store {
    /// The messages that a stretch of a thread's messages answers.
    pub async fn answered_messages(
        &self,
        account: &AccountId,
        stretch: &[Message],
    ) -> Result<HashMap<MessageId, Message>, StoreError> {
        let (Some(one), Some(other)) = (stretch.first(), stretch.last()) else { return Ok(HashMap::new()) };
        if stretch.iter().all(|message| message.reply_to.is_none()) {
            return Ok(HashMap::new());
        }
        let (from, to) = (one.at.min(other.at), one.at.max(other.at));
        let rows = self.read().await?.all(&ANSWERED, args![&one.conversation_id, from, to, account]).await?;
        rows.into_iter().map(|row| from_row(row).map(|message| (message.id.clone(), message))).collect()
    }
}
