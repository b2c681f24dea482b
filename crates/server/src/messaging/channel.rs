//! How a message travels (contract `messaging-behaviour.md` §1): the caller
//! says WhatsApp or nothing; the rest follows from line and recipient.

use offhook_carriers::Texting;
use offhook_model::{
    address::Address,
    id::AccountId,
    message::Channel,
    number::{Number, NumberType},
};

use crate::error::{ApiError, Chain};

/// What the choice depends on.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    /// Our line.
    pub number: &'a Number,
    /// Whom it is for: several make a new group.
    pub to: &'a [Address],
    /// Whether WhatsApp was asked for.
    pub whatsapp: bool,
    /// Whether it has media.
    pub has_media: bool,
}

/// The channel of a message.
///
/// # Errors
/// 400 for what the line or the network cannot do.
pub(crate) async fn choose(
    texting: &dyn Texting,
    account: &AccountId,
    wish: &Wish<'_>,
) -> Result<Channel, ApiError> {
    let number = wish.number;
    if wish.whatsapp {
        return whatsapp(wish);
    }
    let is_imessage = number.kind == NumberType::Imessage;
    let line = texting.channels(&number.phone_number, is_imessage);
    let has_imessage = line.contains(&Channel::Imessage);
    let person = match wish.to {
        [Address::Group(_)] | [_, _, ..] if has_imessage => return Ok(Channel::Imessage),
        [Address::Group(_)] | [_, _, ..] => {
            return Err(ApiError::bad_request("Groups need an iMessage number to send from"));
        }
        [Address::Email(_)] if has_imessage => return Ok(Channel::Imessage),
        [Address::Email(_)] => {
            return Err(ApiError::bad_request("E-mail addresses need an iMessage number to send from"));
        }
        [person] => person,
        [] => return Err(ApiError::bad_request("The message has no recipient")),
    };
    if has_imessage && takes_imessage(texting, account, person).await {
        return Ok(Channel::Imessage);
    }
    let phone = if wish.has_media { Channel::Mms } else { Channel::Sms };
    if line.contains(&phone) {
        return Ok(phone);
    }
    Err(ApiError::bad_request(format!("The number has no {}", phone.as_str().to_uppercase())))
}

fn whatsapp(wish: &Wish<'_>) -> Result<Channel, ApiError> {
    if !matches!(wish.to, [Address::Phone(_)]) {
        return Err(ApiError::bad_request("WhatsApp messages go to one phone number"));
    }
    if wish.number.whatsapp.is_none() {
        return Err(ApiError::bad_request("The number is not connected to WhatsApp"));
    }
    Ok(Channel::Whatsapp)
}

/// Asked of the network. One that does not answer costs the message its
/// bubbles, not its way.
async fn takes_imessage(texting: &dyn Texting, account: &AccountId, person: &Address) -> bool {
    match texting.check_capabilities(account, person).await {
        Ok(capabilities) => capabilities.imessage,
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "a capability check failed; the message goes as a text");
            false
        }
    }
}
