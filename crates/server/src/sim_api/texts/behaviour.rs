//! `PUT /offhook/v1/sim/handsets/{phone_number}`: how a phone behaves.

use std::time::Duration;

use axum::{Json, extract::State};
use offhook_sim::texts::{handset::Setting, outcome::Outcome};
use serde::Serialize;
use utoipa::ToSchema;

use super::{phone, texts};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules},
    path::Path,
};

/// How a phone behaves towards the account from now on. What is left out
/// follows the rule of the number again.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({"outcome": "failed", "errorCode": "30003"}))]
pub(crate) struct HandsetBehaviour {
    /// What becomes of texts to it: `delivered`, `read`, `falls_back`,
    /// `silent`, `failed`, `refused`, `unknown`, `lost`, `unavailable`, `slow`.
    outcome: Option<&'static str>,
    /// The code of `failed` and `refused`.
    error_code: Option<String>,
    /// How long `slow` takes, ms.
    #[schema(minimum = 0, maximum = 30_000)]
    delay_ms: Option<i64>,
    /// Whether it has iMessage.
    imessage: Option<bool>,
    /// Whether it has WhatsApp.
    whatsapp: Option<bool>,
    /// Whether it has RCS.
    rcs: Option<bool>,
    /// Of a line of the account: whether any emoji is a reaction.
    emoji_reactions: Option<bool>,
}

impl Read for HandsetBehaviour {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            outcome: fields.optional("outcome", rules::word(word, Outcome::WORDS)),
            error_code: fields.optional("errorCode", rules::text().chars(1..=100)),
            delay_ms: fields.optional("delayMs", rules::integer(0..=30_000)),
            imessage: fields.optional("imessage", rules::flag()),
            whatsapp: fields.optional("whatsapp", rules::flag()),
            rcs: fields.optional("rcs", rules::flag()),
            emoji_reactions: fields.optional("emojiReactions", rules::flag()),
        })
    }
}

fn word(word: &str) -> Option<&'static str> {
    Outcome::WORDS.iter().find(|known| **known == word).copied()
}

/// How a phone behaves now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"phoneNumber": "+15005550101", "outcome": "failed"}))]
pub(crate) struct HandsetState {
    /// The phone.
    phone_number: String,
    /// What becomes of texts to it; null follows the number's rule.
    #[schema(required)]
    outcome: Option<&'static str>,
}

/// Tells a simulated phone how to behave towards the account.
#[utoipa::path(
    put, path = "/offhook/v1/sim/handsets/{phone_number}", tag = "simulation", operation_id = "setHandset",
    params(("phone_number" = String, Path, description = "The phone, or an e-mail address")),
    request_body = HandsetBehaviour,
    responses(
        (status = 200, body = HandsetState, description = "It will"),
        (status = 404, description = "The simulated carrier is off"),
    )
)]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    Input(body): Input<HandsetBehaviour>,
) -> Result<Json<HandsetState>, ApiError> {
    let texts = texts(&app)?;
    let number = phone(&number);
    let wait = body.delay_ms.map(|ms| Duration::from_millis(ms.unsigned_abs()));
    let outcome = body.outcome.and_then(|word| Outcome::from_word(word, body.error_code, wait));
    let state = HandsetState { phone_number: number.clone(), outcome: outcome.as_ref().map(Outcome::as_str) };
    let setting = Setting {
        outcome,
        imessage: body.imessage,
        whatsapp: body.whatsapp,
        rcs: body.rcs,
        emoji_reactions: body.emoji_reactions,
    };
    texts.set(Some(&caller.account), &number, setting);
    Ok(Json(state))
}
