//! What iMessage recipients see of a line (contract §4).

use offhook_carriers::texting::OutboundCard;
use offhook_model::{
    id::{AccountId, NumberId},
    number::{Number, NumberStatus, NumberType},
};
use offhook_store::ContactCard;

use crate::{app::App, error::ApiError, messaging::send::texting, picture};

/// A card as its owner wants it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewCard {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The name as a whole.
    pub display_name: Option<String>,
    /// Where the picture is.
    pub avatar_url: Option<String>,
}

/// Replaces a line's card, at the carrier first.
///
/// # Errors
/// 404 unknown number; 400 for one that is no iMessage line, or was released,
/// or for a picture that cannot be used; 502 when the carrier refuses.
pub async fn set(
    app: &App,
    account: &AccountId,
    number: &NumberId,
    new: NewCard,
) -> Result<ContactCard, ApiError> {
    let line = line(app, account, number).await?;
    let (avatar, image_url) = match &new.avatar_url {
        Some(url) => {
            let picture = picture::fetch(app, "avatarUrl", url).await?;
            let url = picture::keep(app, account, &picture).await?;
            (Some(picture.copy.id), Some(url))
        }
        None => (None, None),
    };
    let card = OutboundCard {
        // Networks know two names; a display name alone stands in for the first.
        first_name: new.first_name.clone().or_else(|| match new.last_name {
            None => new.display_name.clone(),
            Some(_) => None,
        }),
        last_name: new.last_name.clone(),
        image_url,
    };
    texting(app)?.push_card(&line.phone_number, &card).await?;
    let card = ContactCard {
        number_id: line.id,
        account_id: account.clone(),
        first_name: new.first_name,
        last_name: new.last_name,
        display_name: new.display_name,
        avatar,
        updated_at: app.now(),
    };
    if app.store().put_contact_card(&card).await? { Ok(card) } else { Err(ApiError::number_not_found()) }
}

/// Removes a line's card, at the carrier first; also when there is none.
///
/// # Errors
/// As [`set`].
pub async fn remove(app: &App, account: &AccountId, number: &NumberId) -> Result<(), ApiError> {
    let line = line(app, account, number).await?;
    if app.store().contact_card(account, &line.id).await?.is_some() {
        texting(app)?.push_card(&line.phone_number, &OutboundCard::default()).await?;
        app.store().delete_contact_card(account, &line.id).await?;
    }
    Ok(())
}

/// The account's iMessage line of this id.
async fn line(app: &App, account: &AccountId, id: &NumberId) -> Result<Number, ApiError> {
    let number = app.store().number(account, id).await?.ok_or_else(ApiError::number_not_found)?;
    only_imessage(&number)?;
    if number.status == NumberStatus::Released {
        return Err(ApiError::bad_request("The number has been released"));
    }
    Ok(number)
}

/// Refuses lines that have no card.
///
/// # Errors
/// 400 for any but an iMessage line.
pub fn only_imessage(number: &Number) -> Result<(), ApiError> {
    if number.kind == NumberType::Imessage {
        return Ok(());
    }
    Err(ApiError::bad_request("Only iMessage lines have a contact card"))
}
