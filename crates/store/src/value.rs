//! Arguments of statements, typed alike for both databases.

use offhook_model::{
    Timestamp,
    e164::E164,
    id::{
        AccountId, AgentId, ApiKeyId, BackgroundId, CallId, ContactId, ConversationId, DeletionId, EventId,
        FeedbackId, GroupId, MediaId, MessageId, NumberId, ReactionId, RegistrationId, TemplateId, TrunkId,
        TurnId, UsageId, UserId, VerificationId, WebhookId, WhatsappConnectionId,
    },
};

/// One argument; `None` is a typed NULL, because PostgreSQL wants to know.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Real(Option<f64>),
    Bool(bool),
}

/// The arguments `$1`, `$2`, … of a statement.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::value::Value::from($value)),*] };
}
pub(crate) use args;

macro_rules! text_values {
    ($($id:ty),*) => {$(
        impl From<&$id> for Value {
            fn from(id: &$id) -> Self { Self::from(id.as_str()) }
        }
        impl From<Option<&$id>> for Value {
            fn from(id: Option<&$id>) -> Self { Self::from(id.map(|id| id.as_str().to_owned())) }
        }
    )*};
}
text_values!(
    AccountId,
    AgentId,
    ApiKeyId,
    BackgroundId,
    CallId,
    ContactId,
    ConversationId,
    DeletionId,
    EventId,
    FeedbackId,
    GroupId,
    MediaId,
    MessageId,
    NumberId,
    ReactionId,
    RegistrationId,
    TemplateId,
    TrunkId,
    TurnId,
    UsageId,
    UserId,
    VerificationId,
    WebhookId,
    WhatsappConnectionId,
    E164,
    String
);

/// PostgreSQL has no NUL in text, and SQLite's functions stop at it: on both
/// it becomes U+FFFD, in what is stored as in what is looked for.
pub(crate) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(without_nul(text)))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(without_nul))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(Some(i64::from(number)))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Self {
        Self::Real(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

/// Moments are stored as Unix milliseconds.
impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(Some(at.as_millisecond()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Int(at.map(Timestamp::as_millisecond))
    }
}
