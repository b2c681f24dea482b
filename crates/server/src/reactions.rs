//! Reactions: ours on somebody's message, and somebody's on ours
//! (contract §6.2, webhooks.md §4.4).

use offhook_carriers::{
    Texting,
    texting::{OutboundReaction, Submission},
};
use offhook_model::{
    id::{AccountId, MessageId, ReactionId},
    message::{Channel, Message, MessageDirection, MessageStatus, Network},
    number::{Number, NumberStatus},
};
use offhook_store::{Conversation, Reaction};

use crate::{
    api::v1::conversations,
    app::App,
    error::{ApiError, ErrorCode},
    messaging::{send::texting, submit::recipient},
};

/// A reaction as clients write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// One of the six tapbacks, by its word.
    Tapback(&'static str),
    /// One emoji.
    Emoji(String),
}

/// The six tapbacks, and how older clients spell them.
const TAPBACKS: [(&str, &str); 6] = [
    ("love", "loved"),
    ("like", "liked"),
    ("dislike", "disliked"),
    ("laugh", "laughed"),
    ("emphasize", "emphasized"),
    ("question", "questioned"),
];

/// Longest emoji, characters: a family with skin tones has fewer.
const EMOJI_CHARS: usize = 16;

impl Wanted {
    /// Reads a tapback's word, in any case, or one emoji.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let word = text.to_ascii_lowercase();
        if let Some((tapback, _)) = TAPBACKS.iter().find(|(new, old)| *new == word || *old == word) {
            return Some(Self::Tapback(tapback));
        }
        is_one_emoji(text).then(|| Self::Emoji(text.to_owned()))
    }

    /// The contract's word, or the emoji.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tapback(word) => word,
            Self::Emoji(emoji) => emoji,
        }
    }
}

/// Reacts to a message.
///
/// # Errors
/// 404 for an unknown message; 400 for a text of the phone network, an emoji
/// where only tapbacks are, a released line, or a message the carrier does not
/// have; 409 when it is not known whether the reaction left; 502 when the
/// carrier fails.
pub async fn react(
    app: &App,
    account: &AccountId,
    id: &MessageId,
    wanted: &Wanted,
) -> Result<(Reaction, Channel), ApiError> {
    let message = app.store().message(account, id).await?;
    let message = message.ok_or_else(|| ApiError::not_found("Message not found"))?;
    let line = line(app, account, &message).await?;
    let texting = texting(app)?;
    allowed(texting, &message, &line, wanted)?;
    let thread: Conversation = app
        .store()
        .conversation(account, &message.conversation_id)
        .await?
        .ok_or_else(conversations::unknown)?;
    let not_sent = || ApiError::bad_request("The message has not reached the carrier");
    let outbound = OutboundReaction {
        from: line.phone_number.clone(),
        to: recipient(&thread).ok_or_else(not_sent)?,
        channel: message.channel,
        message: message.carrier_id.clone().ok_or_else(not_sent)?,
        reaction: wanted.as_str().to_owned(),
    };
    app.store().about_to_act().await?;
    match texting.react(&outbound).await {
        Submission::Accepted { .. } => {}
        Submission::Refused { reason, .. } => {
            return Err(ApiError::bad_request(format!("The carrier refused the reaction: {reason}")));
        }
        Submission::Unconfirmed => {
            let text = "It is not known whether the reaction was delivered";
            return Err(ApiError::new(ErrorCode::DeliveryUnconfirmed, text));
        }
        Submission::Unavailable => {
            return Err(ApiError::new(ErrorCode::CarrierError, "The carrier could not be reached"));
        }
    }
    let now = app.now();
    let reaction = Reaction {
        id: ReactionId::new(now, rand::random()),
        account_id: account.clone(),
        message_id: message.id,
        person: line.phone_number.to_string(),
        direction: MessageDirection::Outbound,
        reaction: wanted.as_str().to_owned(),
        created_at: now,
    };
    app.store().put_reaction(&reaction).await?;
    Ok((reaction, message.channel))
}

fn allowed(texting: &dyn Texting, message: &Message, line: &Number, wanted: &Wanted) -> Result<(), ApiError> {
    if message.channel.is_phone() || message.channel == Channel::Rcs {
        return Err(ApiError::bad_request("SMS and MMS messages cannot be reacted to"));
    }
    if message.channel.network() == Network::Whatsapp && line.whatsapp.is_none() {
        return Err(ApiError::bad_request("The number is not connected to WhatsApp"));
    }
    if message.status == MessageStatus::Failed {
        return Err(ApiError::bad_request("The message was not delivered"));
    }
    let is_tapback = matches!(wanted, Wanted::Tapback(_));
    if message.channel == Channel::Imessage && !is_tapback && !texting.has_emoji_reactions(&line.phone_number)
    {
        return Err(ApiError::bad_request("This line takes only the six tapbacks, no other emoji"));
    }
    Ok(())
}

async fn line(app: &App, account: &AccountId, message: &Message) -> Result<Number, ApiError> {
    let number = app.store().number(account, &message.number_id).await?;
    number
        .filter(|number| number.status == NumberStatus::Active)
        .ok_or_else(|| ApiError::bad_request("The number of this message has been released"))
}

/// One emoji: a pictograph, a flag of two letters or a key cap, with what may
/// follow (skin tone, variation, joined parts, tags).
fn is_one_emoji(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    if chars.is_empty() || chars.len() > EMOJI_CHARS {
        return false;
    }
    if let [first, second] = chars[..]
        && is_regional(first)
    {
        return is_regional(second);
    }
    if let [key, rest @ ..] = &chars[..]
        && (key.is_ascii_digit() || matches!(key, '#' | '*'))
    {
        return matches!(rest, ['\u{20e3}'] | ['\u{fe0f}', '\u{20e3}']);
    }
    let mut wants_base = true;
    for c in chars {
        match c {
            // Joins the next pictograph to this one.
            '\u{200d}' if !wants_base => wants_base = true,
            // Variation, skin tone, tags of flags.
            '\u{fe0f}' | '\u{fe0e}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}'
                if !wants_base => {}
            c if wants_base && is_pictograph(c) => wants_base = false,
            _ => return false,
        }
    }
    !wants_base
}

fn is_regional(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

/// The blocks of Unicode that hold emoji.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{24c2}'
        | '\u{25a0}'..='\u{27bf}' | '\u{2934}' | '\u{2935}' | '\u{2b00}'..='\u{2bff}'
        | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1f1e5}' | '\u{1f200}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tapbacks_in_any_spelling() {
        for (text, word) in [
            ("love", "love"),
            ("Loved", "love"),
            (" LIKE ", "like"),
            ("Liked", "like"),
            ("Disliked", "dislike"),
            ("Laughed", "laugh"),
            ("Emphasized", "emphasize"),
            ("Questioned", "question"),
        ] {
            assert_eq!(Wanted::read(text), Some(Wanted::Tapback(word)), "{text}");
        }
    }

    #[test]
    fn one_emoji_is_one_whatever_it_is_made_of() {
        for emoji in ["👍", "❤️", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣", "#⃣", "‼️", "🫠", "🏳️‍🌈", "☎"]
        {
            assert_eq!(Wanted::read(emoji), Some(Wanted::Emoji(emoji.to_owned())), "{emoji}");
        }
        let long = format!("👍{}", "🏽".repeat(EMOJI_CHARS));
        for other in
            ["", "👍👍", "❤️👍", "🇩", "🇩🇪🇫🇷", "a", "hug", "1", "👍a", "\u{200d}", "🏽", "👍\u{200d}", &long]
        {
            assert_eq!(Wanted::read(other), None, "{other:?}");
        }
    }
}
