//! What only WhatsApp has: rich content, and the window in which a business
//! may write freely (contract `messaging-behaviour.md` §6).

use offhook_model::{
    address::Address,
    message::{Network, window_end},
    number::Number,
};
use serde_json::{Map, Value, json};

use super::send::NewMessage;
use crate::{app::App, error::ApiError, whatsapp::check_template};

/// The provider's code for a closed window.
pub const WINDOW_CLOSED: &str = "131047";

/// Rich content of a WhatsApp message.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Labels of one to three buttons.
    Buttons(Vec<String>),
    /// A menu, as the sender wrote it.
    List(Map<String, Value>),
    /// A link behind a label.
    Cta {
        /// The label.
        display_text: String,
        /// The address.
        url: String,
    },
    /// A template.
    Template {
        /// Its name.
        name: String,
        /// Its language, e.g. `en_US`.
        language: String,
        /// What its placeholders become: an array or an object.
        variables: Option<Value>,
    },
}

impl Content {
    /// As it is stored, shown and handed to carriers.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Self::Buttons(labels) => json!({"buttons": labels}),
            Self::List(list) => json!({"list": list}),
            Self::Cta { display_text, url } => json!({"cta": {"display_text": display_text, "url": url}}),
            Self::Template { name, language, variables } => {
                json!({"template": {"name": name, "language": language, "variables": variables}})
            }
        }
    }
}

/// Refuses templates that are not approved, and anything else outside the 24 hours after the recipient last
/// wrote. The network would refuse it, too, only later.
pub(super) async fn require_window(app: &App, number: &Number, new: &NewMessage) -> Result<(), ApiError> {
    if let Some(Content::Template { name, language, .. }) = &new.content {
        return check_template(app, &number.account_id, &number.id, name, language).await;
    }
    let participant = new.to.first().map_or("", Address::as_str);
    let thread = app.store().thread(&number.account_id, &number.id, Network::Whatsapp, participant).await?;
    let end = window_end(thread.and_then(|thread| thread.last_inbound_at));
    if end.is_some_and(|end| app.now() < end) {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "More than 24 hours have passed since the recipient last wrote on WhatsApp; only templates can be \
         sent ({WINDOW_CLOSED})"
    )))
}
