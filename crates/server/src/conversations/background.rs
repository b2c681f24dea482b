//! A thread's background picture.

use offhook_carriers::texting::{OutboundMedia, Recipient};
use offhook_model::{
    address::Address,
    id::{AccountId, BackgroundId},
};
use offhook_store::{Conversation, NewBackground};

use super::{line, only_imessage};
use crate::{
    api::v1::conversations::unknown,
    app::App,
    error::ApiError,
    messaging::{send::texting, submit::recipient},
    picture,
};

/// A thread's background as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Its id.
    pub id: BackgroundId,
    /// Grows by one with every picture.
    pub version: u32,
    /// Whether it is another picture than before.
    pub changed: bool,
}

/// Fetches a picture and makes it a thread's background, at the carrier first.
/// The picture that is there already changes nothing.
///
/// # Errors
/// 400 for a thread that is not 1:1 on iMessage, or a picture that cannot be
/// fetched or used; 502 when the carrier refuses.
pub async fn set(
    app: &App,
    account: &AccountId,
    thread: &Conversation,
    image_url: &str,
) -> Result<Set, ApiError> {
    let person = person(thread)?;
    let line = line(app, account, thread).await?;
    let picture = picture::fetch(app, "image_url", image_url).await?;
    if let Some(there) = app.store().background(account, &thread.id).await?
        && there.digest.as_ref() == Some(&picture.digest)
        && let Some(id) = there.id
    {
        picture::discard(app, &picture).await;
        return Ok(Set { id, version: there.version, changed: false });
    }
    let url = picture::keep(app, account, &picture).await?;
    let image = OutboundMedia { url, content_type: picture.copy.content_type };
    texting(app)?.set_background(&line.phone_number, &person, &image).await?;
    let now = app.now();
    let id = BackgroundId::new(now, rand::random());
    let new = NewBackground {
        conversation: thread.id.clone(),
        id: id.clone(),
        digest: picture.digest,
        media: picture.copy.id,
        at: now,
    };
    let stored = app.store().put_background(account, &new).await?.ok_or_else(unknown)?;
    Ok(Set { id, version: stored.version, changed: true })
}

/// Takes a thread's background away.
///
/// # Errors
/// 502 when the carrier refuses; the thread keeps it then.
pub async fn remove(app: &App, account: &AccountId, thread: &Conversation) -> Result<(), ApiError> {
    let there = app.store().background(account, &thread.id).await?;
    if there.is_none_or(|there| there.id.is_none()) {
        return Ok(());
    }
    let person = person(thread)?;
    let line = line(app, account, thread).await?;
    texting(app)?.clear_background(&line.phone_number, &person).await?;
    Ok(app.store().clear_background(account, &thread.id, app.now()).await?)
}

/// The other side of a 1:1 thread on iMessage.
fn person(thread: &Conversation) -> Result<Address, ApiError> {
    only_imessage(thread)?;
    match recipient(thread) {
        Some(Recipient::Person(person)) => Ok(person),
        _ => Err(ApiError::bad_request("Only 1:1 conversations have a background")),
    }
}
