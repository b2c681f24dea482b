//! Texts that hosted agents send and read during a call (contract
//! `voice-behaviour.md` §8): ordinary messages of the account, by every rule
//! of messages.

use futures::future::BoxFuture;
use offhook_model::{
    address::Address,
    message::{Message, MessageDirection, Network},
};
use offhook_store::CursorPage;
use offhook_voice::texting::{TextLine, Texting, TextingError, ThreadEntry};

use crate::{
    app::App,
    error::{ApiError, ErrorCode},
    messaging::{
        send::{NewMessage, send},
        sender::Sender,
    },
};

/// The messages of the server, as conversations use them.
#[derive(Debug, Clone)]
pub struct CallTexts {
    app: App,
}

impl CallTexts {
    /// The messages of `app`.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

impl Texting for CallTexts {
    fn send(&self, line: TextLine, text: String) -> BoxFuture<'static, Result<String, TextingError>> {
        let app = self.app.clone();
        Box::pin(async move {
            let new = NewMessage {
                sender: Sender::number(line.number),
                to: vec![Address::Phone(line.other)],
                body: text,
                ..NewMessage::default()
            };
            let sent = send(&app, &line.account, new, |_sent| ()).await.map_err(refusal)?;
            tracing::info!(call.id = %line.call, message.id = %sent.message.id, "an agent texted during its call");
            Ok(sent.message.channel.as_str().to_owned())
        })
    }

    fn read(&self, line: TextLine, limit: u32) -> BoxFuture<'static, Result<Vec<ThreadEntry>, TextingError>> {
        let app = self.app.clone();
        Box::pin(async move { read(&app, &line, limit).await.map_err(refusal) })
    }
}

async fn read(app: &App, line: &TextLine, limit: u32) -> Result<Vec<ThreadEntry>, ApiError> {
    let store = app.store();
    let other = line.other.as_str();
    let Some(thread) = store.thread(&line.account, &line.number, Network::Native, other).await? else {
        return Ok(Vec::new());
    };
    let latest = CursorPage { limit, before: None, after: None };
    let mut messages = store.messages_of_conversation(&line.account, &thread.id, &latest).await?.data;
    messages.reverse();
    Ok(messages.into_iter().map(entry).collect())
}

fn entry(message: Message) -> ThreadEntry {
    ThreadEntry {
        is_inbound: message.direction == MessageDirection::Inbound,
        text: message.body,
        files: message.media.len(),
        at: message.at,
    }
}

/// What a model is told of a refusal. Our own faults are none of its business.
fn refusal(error: ApiError) -> TextingError {
    match error.code() {
        ErrorCode::DeliveryUnconfirmed => TextingError::Unconfirmed,
        ErrorCode::Internal
        | ErrorCode::ServiceUnavailable
        | ErrorCode::CarrierError
        | ErrorCode::Timeout => TextingError::Unavailable,
        _ => TextingError::Refused { reason: error.message().to_owned() },
    }
}
