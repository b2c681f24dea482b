//! What single things cost: a lookup, a confirmed code, a fee.

use offhook_model::{
    id::{AccountId, UsageId},
    usage::{LedgerEntry, Payment, UsageKind},
};

use crate::{app::App, error::ApiError};

/// A row of the ledger at the operator's price. `subject` is what it is for,
/// and with account and kind its identity.
#[must_use]
pub fn entry(
    app: &App,
    account: &AccountId,
    kind: UsageKind,
    quantity: i64,
    subject: String,
    payment: Payment,
) -> LedgerEntry {
    let now = app.now();
    LedgerEntry {
        id: UsageId::new(now, rand::random()),
        account_id: account.clone(),
        kind,
        quantity,
        amount_micros: app.settings().prices.amount(kind, quantity),
        agent_id: None,
        number_id: None,
        subject,
        at: now,
        payment,
    }
}

/// Looks whether the balance would pay for something, before it is begun.
/// Nothing is taken or held.
///
/// # Errors
/// 402 where the operator keeps balances and this one does not cover it.
pub async fn covers(app: &App, account: &AccountId, kind: UsageKind, quantity: i64) -> Result<(), ApiError> {
    let settings = app.settings();
    let amount = settings.prices.amount(kind, quantity);
    if !settings.billing || amount == 0 {
        return Ok(());
    }
    let balance = app.store().balance(account).await?;
    if balance.is_some_and(|balance| balance.micros >= amount) {
        return Ok(());
    }
    Err(ApiError::insufficient_balance())
}
