//! Lists of messages by cursor (contract `errors-and-limits.md` §7): a page is
//! a range of an index, at any depth.

use offhook_model::{
    Timestamp,
    id::{AccountId, ConversationId, MessageId, NumberId},
    message::Message,
};

use crate::{
    Store, StoreError,
    messages::from_row,
    statement::{Statement, statements},
    value::{Value, args},
};

/// A place between two messages of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    at_ms: i64,
    id: String,
}

impl Position {
    /// Before everything that is not earlier than this moment.
    #[must_use]
    pub fn before(moment: Timestamp) -> Self {
        let floor = moment.as_millisecond();
        let is_later = moment.as_nanosecond() > i128::from(floor) * 1_000_000;
        Self { at_ms: floor + i64::from(is_later), id: String::new() }
    }

    /// After everything that is not later than this moment.
    #[must_use]
    pub fn after(moment: Timestamp) -> Self {
        // Every id is longer than none.
        Self { at_ms: moment.as_millisecond().saturating_add(1), id: String::new() }
    }

    const FIRST: Self = Self { at_ms: i64::MIN, id: String::new() };

    fn last() -> Self {
        Self { at_ms: i64::MAX, id: String::new() }
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorPage {
    /// At most this many rows.
    pub limit: u32,
    /// Only what lies before it: the latest of these.
    pub before: Option<Position>,
    /// Only what lies after it: the earliest of these.
    pub after: Option<Position>,
}

/// One page, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct CursorPaged<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Whether more follow in the direction asked for.
    pub has_more: bool,
}

statements! {
    OF_NUMBER = "SELECT * FROM messages WHERE number_id = $1 AND (at, id) > ($2, $3) AND (at, id) < ($4, $5)
        AND account_id = $6 ORDER BY at DESC, id DESC LIMIT $7";
    OF_NUMBER_UP = "SELECT * FROM messages WHERE number_id = $1 AND (at, id) > ($2, $3) AND (at, id) < ($4, $5)
        AND account_id = $6 ORDER BY at, id LIMIT $7";
    OF_CONVERSATION = "SELECT * FROM messages WHERE conversation_id = $1 AND (at, id) > ($2, $3)
        AND (at, id) < ($4, $5) AND account_id = $6 ORDER BY at DESC, id DESC LIMIT $7";
    OF_CONVERSATION_UP = "SELECT * FROM messages WHERE conversation_id = $1 AND (at, id) > ($2, $3)
        AND (at, id) < ($4, $5) AND account_id = $6 ORDER BY at, id LIMIT $7";
    POSITION = "SELECT at, id FROM messages WHERE account_id = $1 AND id = $2";
}

impl Store {
    /// A number's messages, newest first.
    pub async fn messages_of_number(
        &self,
        account: &AccountId,
        number: &NumberId,
        page: &CursorPage,
    ) -> Result<CursorPaged<Message>, StoreError> {
        self.page(account, number.into(), page, &OF_NUMBER, &OF_NUMBER_UP).await
    }

    /// A thread's messages, newest first.
    pub async fn messages_of_conversation(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        page: &CursorPage,
    ) -> Result<CursorPaged<Message>, StoreError> {
        self.page(account, conversation.into(), page, &OF_CONVERSATION, &OF_CONVERSATION_UP).await
    }

    /// Where a message of this account stands in lists.
    pub async fn message_position(
        &self,
        account: &AccountId,
        id: &MessageId,
    ) -> Result<Option<Position>, StoreError> {
        let row = self.read().await?.optional(&POSITION, args![account, id]).await?;
        row.map(|row| Ok(Position { at_ms: row.int("at")?, id: row.text("id")? })).transpose()
    }

    async fn page(
        &self,
        account: &AccountId,
        of: Value,
        page: &CursorPage,
        down: &'static Statement,
        up: &'static Statement,
    ) -> Result<CursorPaged<Message>, StoreError> {
        let after = page.after.clone().unwrap_or(Position::FIRST);
        let before = page.before.clone().unwrap_or_else(Position::last);
        let goes_up = page.after.is_some() && page.before.is_none();
        let mut args = vec![of];
        args.extend(args![
            after.at_ms,
            after.id,
            before.at_ms,
            before.id,
            account,
            page.limit.saturating_add(1)
        ]);
        let statement = if goes_up { up } else { down };
        let rows = self.read().await?.all(statement, args).await?;
        let has_more = rows.len() > page.limit as usize;
        let limit = page.limit as usize;
        let mut data: Vec<Message> = rows.into_iter().take(limit).map(from_row).collect::<Result<_, _>>()?;
        if goes_up {
            data.reverse();
        }
        Ok(CursorPaged { data, has_more })
    }
}
