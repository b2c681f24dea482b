//! Handing a message to its carrier, at most once.
//!
//! Whoever comes here holds a claim that was committed before: should this
//! process die anywhere below, the message counts as unconfirmed.

use std::time::Duration;

use offhook_carriers::texting::{OutboundMedia, OutboundText, Recipient, Submission};
use offhook_model::{
    Timestamp,
    address::Address,
    message::{Message, MessageStatus},
};
use offhook_store::{Conversation, Failpoint, SendClaim, SendOutcome, StoreError, UNCONFIRMED};
use serde_json::Value;

use super::media;
use crate::{
    app::App,
    error::{ApiError, Chain, ErrorCode},
};

/// How long a carrier may take to answer; then the outcome is unknown. Below
/// the 30 s after which clients give up.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How long a claim is good for: the carrier's time, and time to write the
/// result down.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// Tries of a carrier that cannot be reached, over about half an hour.
const TRIES: u32 = 12;
/// The wait after the first try; it doubles, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long an outcome is remembered while the database is away.
const SETTLING: Duration = Duration::from_secs(15 * 60);

/// When a claim taken now ends.
pub(super) fn lease_end(now: Timestamp) -> Timestamp {
    later(now, LEASE)
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    let millis = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(now.as_millisecond().saturating_add(millis)).unwrap_or(Timestamp::MAX)
}

/// Hands over what was accepted this moment; where the message stands then.
///
/// # Errors
/// 502 when the carrier refuses, 409 when nobody knows. A carrier that cannot
/// be reached is no error: the message is kept and tried again.
pub(super) async fn now(
    app: &App,
    claim: &SendClaim,
    message: &Message,
    conversation: &Conversation,
) -> Result<MessageStatus, ApiError> {
    match hand_over(app, claim, 1, message, conversation).await {
        SendOutcome::Accepted { .. } => Ok(MessageStatus::Sent),
        SendOutcome::RetryAt(_) => {
            app.messaging().queue.notify_one();
            Ok(MessageStatus::Queued)
        }
        SendOutcome::Unconfirmed => Err(ApiError::new(ErrorCode::DeliveryUnconfirmed, UNCONFIRMED)),
        SendOutcome::Failed { code, reason } => {
            let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
            let detail = format!("The carrier refused the message: {reason}{code}");
            Err(ApiError::new(ErrorCode::CarrierError, detail))
        }
    }
}

/// Hands over a claimed message and stores what came of it.
pub(super) async fn hand_over(
    app: &App,
    claim: &SendClaim,
    attempt: u32,
    message: &Message,
    conversation: &Conversation,
) -> SendOutcome {
    let submission = match (app.carrier().texting(), outbound(app, message, conversation).await) {
        (Some(texting), Ok(text)) => {
            Failpoint::CarrierSend.pass().await;
            // A carrier that takes longer than it may has perhaps sent it.
            let sent = tokio::time::timeout(PATIENCE, texting.send(&text)).await;
            Failpoint::CarrierSent.pass().await;
            sent.unwrap_or(Submission::Unconfirmed)
        }
        (None, _) => Submission::Refused {
            code: "unsupported".to_owned(),
            reason: "the carrier carries no messages".to_owned(),
        },
        (_, Err(error)) => {
            tracing::warn!(message.id = %message.id, error = %Chain(&error), "a message could not be prepared; it is tried again");
            Submission::Unavailable
        }
    };
    let outcome = judge(submission, attempt, app.now());
    count(message, &outcome);
    settle(app, claim, &outcome).await;
    outcome
}

fn judge(submission: Submission, attempt: u32, now: Timestamp) -> SendOutcome {
    match submission {
        Submission::Accepted { carrier_id, group } => SendOutcome::Accepted { carrier_id, group },
        Submission::Refused { code, reason } => SendOutcome::Failed { code: Some(code), reason },
        Submission::Unconfirmed => SendOutcome::Unconfirmed,
        Submission::Unavailable if attempt >= TRIES => {
            SendOutcome::Failed { code: None, reason: "the carrier could not be reached".to_owned() }
        }
        Submission::Unavailable => {
            let wait = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_WAIT);
            SendOutcome::RetryAt(later(now, wait))
        }
    }
}

/// Writes the outcome down: it is all that anybody will ever know of the
/// message. While the database is away that goes on behind the caller's back;
/// a result that comes late still counts.
async fn settle(app: &App, claim: &SendClaim, outcome: &SendOutcome) {
    const WAITS_MS: [u64; 3] = [0, 50, 500];
    for wait in WAITS_MS {
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if is_settled(app, claim, outcome).await {
            return;
        }
    }
    let (app, claim, outcome) = (app.clone(), claim.clone(), outcome.clone());
    tokio::spawn(async move {
        let until = tokio::time::Instant::now() + SETTLING;
        while tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_secs(2)).await;
            if is_settled(&app, &claim, &outcome).await {
                return;
            }
        }
        tracing::error!(message.id = %claim.message_id, "the outcome of a message is lost: the database is away");
    });
}

/// One try; true when there is nothing more to try.
async fn is_settled(app: &App, claim: &SendClaim, outcome: &SendOutcome) -> bool {
    match app.store().settle_send(claim, outcome.clone()).await {
        Ok(()) => true,
        Err(error) if error.is_temporary() => false,
        Err(error) => {
            tracing::error!(message.id = %claim.message_id, error = %Chain(&error), "the outcome of a message is lost");
            true
        }
    }
}

/// The message as carriers take it.
async fn outbound(
    app: &App,
    message: &Message,
    conversation: &Conversation,
) -> Result<OutboundText, StoreError> {
    let damaged = |what: &str| StoreError::Corrupt { what: what.to_owned() };
    let from = message.from.parse().map_err(|_| damaged("the sender of a message"))?;
    let reply_to = match &message.reply_to {
        Some(id) => app.store().message(&message.account_id, id).await?.and_then(|parent| parent.carrier_id),
        None => None,
    };
    let media = message.media.iter().map(|file| OutboundMedia {
        url: file.id.as_ref().map_or_else(|| file.url.clone(), |id| media::url(app, id)),
        content_type: file.content_type.clone(),
    });
    Ok(OutboundText {
        reference: message.id.clone(),
        account_id: Some(message.account_id.clone()),
        from,
        to: recipient(conversation).ok_or_else(|| damaged("the recipient of a message"))?,
        channel: message.channel,
        body: message.body.clone(),
        media: media.collect(),
        send_style: message.send_style.clone(),
        reply_to,
        content: message.content.clone(),
    })
}

/// The other side of a thread as carriers take it; none when it is damaged.
#[must_use]
pub fn recipient(conversation: &Conversation) -> Option<Recipient> {
    if !conversation.is_group {
        return Address::parse(&conversation.participant).ok().map(Recipient::Person);
    }
    if let Some(group) = &conversation.carrier_group {
        return Some(Recipient::Group(group.clone()));
    }
    let members = conversation.participants.as_ref()?.as_array()?;
    let address = |member: &Value| Address::parse(member.get("identifier")?.as_str()?).ok();
    members.iter().map(address).collect::<Option<_>>().map(Recipient::NewGroup)
}

fn count(message: &Message, outcome: &SendOutcome) {
    let outcome = match outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Failed { .. } => "refused",
        SendOutcome::Unconfirmed => "unconfirmed",
        SendOutcome::RetryAt(_) => "unavailable",
    };
    let channel = message.channel.as_str();
    metrics::counter!("offhook_messages_sent_total", "channel" => channel, "outcome" => outcome).increment(1);
    tracing::info!(message.id = %message.id, channel, outcome, "message handed over");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_carrier_is_tried_for_half_an_hour_then_the_message_fails() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut waited = 0;
        for attempt in 1..TRIES {
            let SendOutcome::RetryAt(at) = judge(Submission::Unavailable, attempt, now) else {
                panic!("attempt {attempt} was the last")
            };
            waited += at.as_second() - now.as_second();
        }
        assert!((1200..3600).contains(&waited), "{waited} s");
        assert!(matches!(judge(Submission::Unavailable, TRIES, now), SendOutcome::Failed { .. }));
    }

    #[test]
    fn nothing_else_is_ever_tried_again() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(judge(Submission::Unconfirmed, 1, now), SendOutcome::Unconfirmed);
        let refused = Submission::Refused { code: "1".into(), reason: "no".into() };
        assert!(matches!(judge(refused, 1, now), SendOutcome::Failed { .. }));
    }
}
