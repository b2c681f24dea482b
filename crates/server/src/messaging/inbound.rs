//! What carriers tell us: messages that arrive, and how ours fared.
//!
//! Everything is stored before it counts as taken, and taken once: a carrier
//! that tells it again changes nothing.

pub mod contacts;
pub mod reaction;
pub mod text;

use std::time::Duration;

use offhook_carriers::{CarrierEvent, texting::Receipt};
use offhook_model::id::MessageId;
use offhook_store::{NewReceipt, Receipted};
use tokio_util::sync::CancellationToken;

use crate::{app::App, error::ApiError, locations};

/// What came of a carrier's event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored: the messages it became.
    Stored(Vec<MessageId>),
    /// It was known already, or is overtaken.
    Known,
    /// It concerns nothing of ours: no such number, no such message.
    Unknown,
}

/// Takes what a carrier tells. Once this answers, it is durable.
///
/// # Errors
/// 503 when the store is away: the carrier must tell it again.
pub async fn receive(app: &App, event: CarrierEvent) -> Result<Outcome, ApiError> {
    match event {
        CarrierEvent::Text(text) => text::receive(app, text).await,
        CarrierEvent::Receipt(receipt) => on_receipt(app, receipt).await,
        CarrierEvent::Reaction(reaction) => reaction::receive(app, reaction).await,
        CarrierEvent::Contacts(contacts) => contacts::receive(app, contacts).await,
        CarrierEvent::Location(update) => locations::arrived(app, &update).await,
    }
}

/// Takes what the carrier tells until `stop`. While the store is away nothing
/// more is taken.
pub async fn run(app: App, stop: CancellationToken) {
    const PAUSE: Duration = Duration::from_secs(1);
    let Some(texting) = app.carrier().texting() else { return };
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = texting.next_event() => event,
        };
        while let Err(error) = receive(&app, event.clone()).await {
            if !error.is_temporary() {
                tracing::error!(code = error.code().as_str(), "a carrier's event was dropped");
                break;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

async fn on_receipt(app: &App, receipt: Receipt) -> Result<Outcome, ApiError> {
    let status = receipt.status;
    let receipted = app
        .store()
        .record_receipt(NewReceipt {
            carrier_id: receipt.carrier_id,
            message_id: receipt.reference,
            status,
            channel: receipt.channel,
            code: receipt.code,
            reason: receipt.reason,
            at: receipt.at.unwrap_or_else(|| app.now()),
        })
        .await?;
    Ok(match receipted {
        Receipted::Moved(message) => {
            let channel = message.channel.as_str();
            metrics::counter!("offhook_message_receipts_total", "channel" => channel, "status" => status.as_str())
                .increment(1);
            Outcome::Stored(vec![message.id])
        }
        Receipted::Stale => Outcome::Known,
        Receipted::Unknown => Outcome::Unknown,
    })
}
