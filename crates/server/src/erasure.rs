//! Removes what people said, on request: a call's words, a message, a thread,
//! or everything of a person; and looks afterwards whether anything is left.

mod person;

use offhook_model::{
    Timestamp,
    erasure::Places,
    id::{AccountId, CallId, ConversationId, MessageId},
};
use offhook_store::{AboutDeliveries, BlobError, Blobs, DeliveryCursor, ErasableMessage, StoreError};

pub use person::person;

use crate::{app::App, error::ApiError};

/// Things of one transaction.
const BATCH: u32 = 50;

/// Something could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    /// The database.
    #[error("the database failed while things were removed")]
    Store(#[from] StoreError),
    /// The files.
    #[error("a file could not be removed")]
    Files(#[from] BlobError),
}

impl From<ErasureError> for ApiError {
    fn from(error: ErasureError) -> Self {
        match error {
            ErasureError::Store(error) => error.into(),
            ErasureError::Files(_) => Self::internal(&error),
        }
    }
}

/// What was removed, and what a search found afterwards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// By place.
    pub removed: Places,
    /// By place; nothing, when all went well.
    pub remaining: Places,
}

/// Removes transcript, recording, stored data and deliveries of a call.
///
/// # Errors
/// 404 for a call the account does not have, 409 while it goes on.
pub async fn call(app: &App, account: &AccountId, id: &CallId) -> Result<Erased, ApiError> {
    let call = app.store().call(account, id).await?.ok_or_else(|| ApiError::not_found("Call not found"))?;
    if call.ended_at.is_none() {
        return Err(ApiError::conflict("The call is not over yet. Try again when it is."));
    }
    let about = AboutDeliveries::Subject { id: id.to_string(), since: call.started_at };
    let mut removed = Places::default();
    removed.recordings += u64::from(recording(app, account, id).await?);
    removed += app.store().erase_words(account, id, app.now(), true).await?;
    removed.deliveries += deliveries(app, account, &about, false).await?;
    settle(app).await?;
    let remaining = Places {
        turns: app.store().turns(account, id).await?.len() as u64,
        recordings: u64::from(has_recording(app, id).await?),
        deliveries: count(app, account, &about).await?,
        ..Places::default()
    };
    Ok(Erased { removed, remaining })
}

/// Removes a message with its files, reactions and deliveries. One that waits
/// for its carrier is given up.
///
/// # Errors
/// 404 for a message the account does not have, 409 while it is handed over.
pub async fn message(app: &App, account: &AccountId, id: &MessageId) -> Result<Erased, ApiError> {
    let found = app.store().erasable_message(account, id).await?;
    let found = found.ok_or_else(|| ApiError::not_found("Message not found"))?;
    let about = AboutDeliveries::Text { text: id.to_string(), since: found.at };
    let mut removed = messages(app, account, vec![found]).await?;
    if app.store().message(account, id).await?.is_some() {
        return Err(on_its_way());
    }
    let mut from = DeliveryCursor::default();
    loop {
        let (ids, next) = app.store().deliveries_about(account, &about, &from).await?;
        if !ids.is_empty() {
            removed.deliveries += app.store().unquote_deliveries(account, ids, id).await?;
        }
        let Some(next) = next else { break };
        from = next;
    }
    settle(app).await?;
    let deliveries = count(app, account, &about).await?;
    Ok(Erased { removed, remaining: Places { deliveries, ..Places::default() } })
}

/// Removes a thread with everything in it.
///
/// # Errors
/// 404 for a thread the account does not have, 409 while a message of it is
/// handed over, or when one arrived meanwhile.
pub async fn conversation(app: &App, account: &AccountId, id: &ConversationId) -> Result<Erased, ApiError> {
    let thread = app.store().conversation(account, id).await?;
    let thread = thread.ok_or_else(|| ApiError::not_found("Conversation not found"))?;
    let about = AboutDeliveries::Text { text: id.to_string(), since: Timestamp::UNIX_EPOCH };
    let mut removed = empty(app, account, &thread.id, None).await?;
    removed.media += background(app, account, id).await?;
    if !app.store().erase_thread(account, id).await? {
        return Err(on_its_way());
    }
    removed.conversations += 1;
    removed.deliveries += deliveries(app, account, &about, false).await?;
    settle(app).await?;
    let remaining = Places {
        conversations: u64::from(app.store().conversation(account, id).await?.is_some()),
        deliveries: count(app, account, &about).await?,
        ..Places::default()
    };
    Ok(Erased { removed, remaining })
}

fn on_its_way() -> ApiError {
    ApiError::conflict("A message is on its way right now. Try again in a moment.")
}

/// Removes messages of a thread, all or one person's, file first.
pub(crate) async fn empty(
    app: &App,
    account: &AccountId,
    thread: &ConversationId,
    person: Option<&str>,
) -> Result<Places, ErasureError> {
    let mut removed = Places::default();
    loop {
        let batch = app.store().thread_messages(account, thread, person, BATCH).await?;
        let is_last = batch.len() < BATCH as usize;
        let gone = messages(app, account, batch).await?;
        removed += gone;
        if is_last || gone.messages == 0 {
            return Ok(removed);
        }
    }
}

/// Removes messages and their files.
pub(crate) async fn messages(
    app: &App,
    account: &AccountId,
    messages: Vec<ErasableMessage>,
) -> Result<Places, ErasureError> {
    if messages.is_empty() {
        return Ok(Places::default());
    }
    let blobs = Blobs::open(&app.settings().blobs).await?;
    let mut media = 0;
    for copy in messages.iter().flat_map(|message| &message.media) {
        media += u64::from(blobs.delete_media(copy).await?);
    }
    let gone = app.store().erase_messages(account, messages).await?;
    Ok(Places { media, ..gone })
}

/// Removes a thread's background from the disk.
async fn background(app: &App, account: &AccountId, thread: &ConversationId) -> Result<u64, ErasureError> {
    let Some(copy) = app.store().background_copy(account, thread).await? else { return Ok(0) };
    let blobs = Blobs::open(&app.settings().blobs).await?;
    Ok(u64::from(blobs.delete_media(&copy).await?))
}

/// Removes a call's recording; whether there was a file.
pub(crate) async fn recording(app: &App, account: &AccountId, call: &CallId) -> Result<bool, ErasureError> {
    let was = recordings(app).await?.delete_recording(call).await?;
    app.store().forget_recording(account, call).await?;
    Ok(was)
}

async fn has_recording(app: &App, call: &CallId) -> Result<bool, ErasureError> {
    Ok(recordings(app).await?.recording(call).await?.is_some())
}

/// Where recordings are, or were while they were made.
async fn recordings(app: &App) -> Result<Blobs, BlobError> {
    let settings = app.settings();
    Blobs::open(settings.recordings.as_ref().unwrap_or(&settings.blobs)).await
}

/// Removes deliveries page by page; with `settled_only` those that are still to
/// be delivered stay.
pub(crate) async fn deliveries(
    app: &App,
    account: &AccountId,
    about: &AboutDeliveries,
    settled_only: bool,
) -> Result<u64, ErasureError> {
    let mut from = DeliveryCursor::default();
    let mut gone = 0;
    loop {
        let (ids, next) = app.store().deliveries_about(account, about, &from).await?;
        for batch in ids.chunks(BATCH as usize) {
            gone += app.store().erase_deliveries(account, batch.to_vec(), settled_only).await?;
        }
        match next {
            Some(next) => from = next,
            None => return Ok(gone),
        }
    }
}

async fn count(app: &App, account: &AccountId, about: &AboutDeliveries) -> Result<u64, ErasureError> {
    let mut from = DeliveryCursor::default();
    let mut found = 0;
    loop {
        let (ids, next) = app.store().deliveries_about(account, about, &from).await?;
        found += ids.len() as u64;
        match next {
            Some(next) => from = next,
            None => return Ok(found),
        }
    }
}

/// What was deleted leaves SQLite's files, too.
async fn settle(app: &App) -> Result<(), ErasureError> {
    if !app.store().checkpoint().await? {
        tracing::warn!("what was deleted stays in SQLite's log until its next checkpoint");
    }
    Ok(())
}
