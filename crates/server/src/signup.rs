//! Signing up: an account for whoever reads a mailbox (contract §18).

mod email;
mod finish;

use std::time::Duration;

use offhook_model::{Timestamp, id::VerificationId};
use offhook_store::SignUp;

pub use finish::{Welcome, finish};

use crate::{
    app::App,
    error::ApiError,
    mail::{self, Message},
    verification::{LIFETIME, code},
};

/// How long a sign-up whose code is over is remembered.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// Longest name of an agent made here; what is longer is cut.
const NAME: usize = 100;

/// Whether and for whom accounts are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignupSettings {
    /// Whether anybody may sign up.
    pub enabled: bool,
    /// Domains of mailboxes that are thrown away; their subdomains count too.
    pub disposable_domains: Vec<String>,
    /// What a new account's balance begins with, micros, where balances are kept.
    pub credit_micros: i64,
}

/// A sign-up whose code is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its id.
    pub id: VerificationId,
    /// Where the code went.
    pub email: String,
    /// When the code stops working.
    pub expires_at: Timestamp,
}

/// Sends a code to an address.
///
/// # Errors
/// 403 where nobody may sign up, 409 when the address has an account, 422 for
/// a mailbox that is thrown away, 503 when the mail does not leave.
pub async fn begin(app: &App, email: &str, agent_name: Option<String>) -> Result<Begun, ApiError> {
    let settings = &app.settings().signup;
    is_open(settings)?;
    let email = email.to_lowercase();
    if email::is_disposable(&email, &settings.disposable_domains) {
        let message = "Value error, disposable e-mail addresses are not accepted";
        return Err(ApiError::field("human_email", "value_error", message));
    }
    if app.store().is_user(&email).await? {
        return Err(known());
    }
    let now = app.now();
    let id = VerificationId::new(now, rand::random());
    let drawn = code::draw();
    let sign_up = SignUp {
        id: id.clone(),
        agent_name: name(agent_name, &email),
        code: code::hash(id.as_str(), &drawn),
        expires_at: now.saturating_add(LIFETIME).unwrap_or(now),
        created_at: now,
        email,
    };
    app.store().insert_sign_up(&sign_up, now.saturating_sub(MEMORY).unwrap_or(now)).await?;
    let minutes = LIFETIME.as_secs() / 60;
    let message = Message {
        id: id.to_string(),
        to: sign_up.email.clone(),
        subject: "Your Offhook code".to_owned(),
        text: format!(
            "Your code is {drawn}\n\nIt works for {minutes} minutes. If you did not ask for it, do nothing."
        ),
    };
    if let Err(error) = mail::send(app, &message).await {
        app.store().delete_sign_up(&id).await?;
        return Err(error);
    }
    tracing::info!(verification.id = %id, "somebody signs up");
    Ok(Begun { id, email: sign_up.email, expires_at: sign_up.expires_at })
}

/// 403 where nobody may sign up.
fn is_open(settings: &SignupSettings) -> Result<(), ApiError> {
    if settings.enabled {
        return Ok(());
    }
    Err(ApiError::forbidden("Sign-up is not open on this server. Ask its operator for an API key."))
}

fn known() -> ApiError {
    ApiError::conflict("An account with this e-mail address exists")
}

/// The name that was asked for, cut; else one made of the address.
fn name(asked: Option<String>, email: &str) -> String {
    let asked = asked.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let name = asked.unwrap_or_else(|| format!("{}'s agent", email::owner(email)));
    name.chars().take(NAME).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_or_made_of_the_address() {
        assert_eq!(name(Some(" Bot ".into()), "ada@example.com"), "Bot");
        assert_eq!(name(None, "ada@example.com"), "ada's agent");
        assert_eq!(name(Some("  ".into()), "ada@example.com"), "ada's agent");
        assert_eq!(name(Some("é".repeat(101)), "ada@example.com").chars().count(), 100);
        assert_eq!(name(None, &format!("{}@example.com", "a".repeat(180))).chars().count(), 100);
    }
}
