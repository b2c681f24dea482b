//! The code came back: everything an account begins with, all or nothing.

use offhook_carriers::{AvailableNumber, CarrierError, NumberSearch};
use offhook_model::{
    agent::{Agent, AgentSettings, VoiceMode},
    id::{AccountId, AgentId, ApiKeyId, NumberId, UserId, VerificationId},
    number::{Number, NumberStatus, NumberType},
    user::User,
};
use offhook_store::{Account, ApiKey, ApiKeySecret, CodeTry, FinishSignUp, Newcomer, SignUp, StoreError};

use super::{email, is_open, known};
use crate::{
    app::App,
    error::ApiError,
    numbers::{self, months},
    verification::code,
};

/// Numbers tried when others are faster.
const CANDIDATES: usize = 8;

/// What a newcomer gets.
pub struct Welcome {
    /// The account.
    pub account: AccountId,
    /// Its first agent.
    pub agent: AgentId,
    /// Its first number.
    pub number: Number,
    /// Its first key, shown this once.
    pub key: ApiKeySecret,
}

/// Makes the account of a sign-up whose code is right.
///
/// The number is bought before anything is stored, and given back when
/// storing fails: nobody has half an account, and no number is held by nobody.
///
/// # Errors
/// 400 for a wrong, used or expired code, 403 where nobody may sign up, 404
/// for an unknown sign-up, 409 when the address got an account meanwhile, 503
/// without a number to give.
pub async fn finish(
    app: &App,
    id: &VerificationId,
    tried: &str,
    source: Option<String>,
) -> Result<Welcome, ApiError> {
    is_open(&app.settings().signup)?;
    let (name, tried) = (id.clone(), tried.to_owned());
    let fits = move |stored: &_| code::fits(name.as_str(), &tried, stored);
    let (outcome, sign_up) = app
        .store()
        .try_sign_up(id, app.now(), fits)
        .await?
        .ok_or_else(|| ApiError::not_found("Verification not found"))?;
    if outcome != CodeTry::Right {
        return Err(refused(outcome));
    }
    if app.store().is_user(&sign_up.email).await? {
        return Err(known());
    }
    let search =
        NumberSearch { country: Some("US".to_owned()), limit: CANDIDATES, ..NumberSearch::default() };
    for candidate in numbers::available(app, &search).await? {
        match app.carrier().buy(&candidate.number).await {
            Ok(()) => {}
            Err(CarrierError::Taken) => continue,
            Err(CarrierError::SoldOut | CarrierError::NoInventory { .. }) => break,
            Err(error) => return Err(error.into()),
        }
        let bought = candidate.number.clone();
        let (newcomer, key) = newcomer(app, &sign_up, candidate, source.clone());
        match app.store().finish_sign_up(id, &newcomer, app.now()).await {
            Ok(FinishSignUp::Done) => {
                tracing::info!(account.id = %newcomer.account.id, "somebody signed up");
                let Newcomer { account, agent, number, .. } = newcomer;
                return Ok(Welcome { account: account.id, agent: agent.id, number, key });
            }
            // Somebody of ours holds it: it must not be given back.
            Ok(FinishSignUp::NumberTaken) => {}
            Ok(FinishSignUp::NotRight(outcome)) => {
                numbers::give_back(app, &bought).await;
                return Err(refused(outcome));
            }
            Ok(FinishSignUp::Known) | Err(StoreError::Conflict { .. }) => {
                numbers::give_back(app, &bought).await;
                return Err(known());
            }
            Err(error) => {
                numbers::give_back(app, &bought).await;
                return Err(error.into());
            }
        }
    }
    Err(ApiError::unavailable("No phone numbers are available"))
}

fn refused(outcome: CodeTry) -> ApiError {
    ApiError::bad_request(match outcome {
        CodeTry::Expired => "The code has expired. Sign up again.",
        CodeTry::Exhausted => "Too many wrong codes. Sign up again.",
        CodeTry::AlreadyRight => "The code was used already",
        CodeTry::Wrong | CodeTry::Right => "The code is wrong",
    })
}

fn newcomer(
    app: &App,
    sign_up: &SignUp,
    bought: AvailableNumber,
    source: Option<String>,
) -> (Newcomer, ApiKeySecret) {
    let now = app.now();
    let account_id = AccountId::new(now, rand::random());
    let agent_id = AgentId::new(now, rand::random());
    let secret = ApiKeySecret::generate();
    let account =
        Account { id: account_id.clone(), parent_id: None, name: sign_up.email.clone(), created_at: now };
    let user = User {
        id: UserId::new(now, rand::random()),
        account_id: account_id.clone(),
        email: sign_up.email.clone(),
        name: email::owner(&sign_up.email).to_owned(),
        source,
        created_at: now,
    };
    let agent = Agent {
        id: agent_id.clone(),
        account_id: account_id.clone(),
        settings: starter(&sign_up.agent_name),
        created_at: now,
    };
    let number = Number {
        id: NumberId::new(now, rand::random()),
        account_id: account_id.clone(),
        phone_number: bought.number,
        country: bought.country,
        status: NumberStatus::Active,
        kind: NumberType::Sms,
        imessage_type: None,
        whatsapp: None,
        agent_id: Some(agent_id),
        attached_at: Some(now),
        external_id: None,
        expires_at: None,
        created_at: now,
    };
    let key = ApiKey {
        id: ApiKeyId::new(now, rand::random()),
        account_id,
        name: "sign-up".to_owned(),
        hash: secret.hash(),
        last4: secret.last4(),
        created_at: now,
        revoked_at: None,
        last_used_at: None,
    };
    let settings = app.settings();
    // Owed, not asked for: nobody is turned away with a code that is right.
    let month = months::entry(settings, &number, now, settings.owed());
    let first_month = (month, months::month_after(now, now));
    let credit_micros = if settings.billing { settings.signup.credit_micros } else { 0 };
    (Newcomer { account, user, agent, number, first_month, credit_micros, key }, secret)
}

/// An agent that can be called at once.
fn starter(name: &str) -> AgentSettings {
    AgentSettings {
        voice_mode: VoiceMode::Hosted,
        system_prompt: Some(format!(
            "You are {name}, who answers the phone. Be friendly and brief. Ask how you can help, and say so \
             when you do not know something."
        )),
        begin_message: Some("Hello! How can I help you?".to_owned()),
        ..AgentSettings::named(name)
    }
}
