//! What messages cost: one row of the ledger each, in the transaction that
//! stores the message. What the platform writes by itself is free.

use offhook_model::{
    Timestamp,
    id::UsageId,
    message::Message,
    usage::{LedgerEntry, Payment, UsageKind},
};

use crate::app::App;

/// A message of ours: refused where a balance does not cover it.
pub(super) fn outbound(app: &App, message: &Message) -> LedgerEntry {
    entry(app, message, app.settings().prepaid(), message.at)
}

/// Somebody's message: it cannot be refused, so it is owed.
pub(super) fn inbound(app: &App, message: &Message) -> LedgerEntry {
    entry(app, message, app.settings().owed(), message.at)
}

fn entry(app: &App, message: &Message, payment: Payment, at: Timestamp) -> LedgerEntry {
    let kind = UsageKind::message(message.channel.as_str()).unwrap_or(UsageKind::MessageSms);
    // Only plain texts are counted by segment.
    let quantity = if kind == UsageKind::MessageSms { i64::from(message.segments) } else { 1 };
    LedgerEntry {
        id: UsageId::new(at, rand::random()),
        account_id: message.account_id.clone(),
        kind,
        quantity,
        amount_micros: app.settings().prices.amount(kind, quantity),
        // The transaction sets the agent, as it does the message's.
        agent_id: None,
        number_id: Some(message.number_id.clone()),
        subject: message.id.to_string(),
        at,
        payment,
    }
}
