//! What can be done with a thread besides writing in it: naming its group,
//! typing, its background, and what it is capable of.

pub mod background;
pub mod capabilities;

use offhook_carriers::texting::Recipient;
use offhook_model::{
    id::AccountId,
    message::Channel,
    number::{Number, NumberStatus},
};
use offhook_store::Conversation;

use crate::{
    api::v1::conversations::unknown,
    app::App,
    error::{ApiError, Chain},
    messaging::{send::texting, submit::recipient},
};

/// Renames an iMessage group, at the carrier first.
///
/// # Errors
/// 400 for an empty name, a released line, or a group that is not on iMessage;
/// 502 when the carrier refuses. Nothing is changed then.
pub async fn rename(
    app: &App,
    account: &AccountId,
    thread: Conversation,
    name: &str,
) -> Result<Conversation, ApiError> {
    if name.is_empty() {
        return Err(ApiError::bad_request("A group needs a name"));
    }
    let line = line(app, account, &thread).await?;
    let group = thread.carrier_group.as_deref();
    let group = group.ok_or_else(|| ApiError::bad_request("The group has no messages yet"))?;
    texting(app)?.rename_group(&line.phone_number, group, name).await?;
    app.store().rename_group(account, &thread.id, name).await?.ok_or_else(unknown)
}

/// Shows the other side that somebody types. What the carrier makes of it
/// does not matter.
///
/// # Errors
/// 400 for a thread that is not on iMessage, or whose line was released.
pub async fn type_in(app: &App, account: &AccountId, thread: &Conversation) -> Result<(), ApiError> {
    only_imessage(thread)?;
    let line = line(app, account, thread).await?;
    // A group that is being made has nobody to show it to.
    let Some(to @ (Recipient::Person(_) | Recipient::Group(_))) = recipient(thread) else {
        return Ok(());
    };
    if let Err(error) = texting(app)?.typing(&line.phone_number, &to).await {
        tracing::debug!(conversation.id = %thread.id, error = %Chain(&error), "a typing indicator was dropped");
    }
    Ok(())
}

/// Refuses threads that are not on iMessage.
fn only_imessage(thread: &Conversation) -> Result<(), ApiError> {
    if thread.channel == Channel::Imessage.as_str() {
        return Ok(());
    }
    Err(ApiError::bad_request("Only iMessage conversations can do this"))
}

/// The line of a thread, while it is held.
async fn line(app: &App, account: &AccountId, thread: &Conversation) -> Result<Number, ApiError> {
    let number = app.store().number(account, &thread.number_id).await?;
    number
        .filter(|number| number.status == NumberStatus::Active)
        .ok_or_else(|| ApiError::bad_request("The number of this conversation has been released"))
}
