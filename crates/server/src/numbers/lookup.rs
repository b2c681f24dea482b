//! Looking numbers up at the carrier, for money.

use std::collections::HashSet;

use offhook_carriers::{CarrierError, texting::NumberFacts};
use offhook_model::{
    e164::E164,
    id::{AccountId, UsageId},
    usage::UsageKind,
};
use offhook_store::Charged;

use crate::{app::App, charge, error::ApiError};

/// What the carrier knows of these numbers, each of them once, charged when it
/// answered.
///
/// # Errors
/// 400 where the carrier looks up no numbers, 402 when the balance does not
/// cover it, 502 when the carrier refuses.
pub async fn lookup(
    app: &App,
    account: &AccountId,
    mut numbers: Vec<E164>,
) -> Result<Vec<NumberFacts>, ApiError> {
    let mut seen = HashSet::new();
    numbers.retain(|number| seen.insert(number.clone()));
    let count = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
    charge::covers(app, account, UsageKind::Lookup, count).await?;
    let carrier = app.carrier();
    let nothing = CarrierError::Unsupported { carrier: carrier.name(), what: "number lookup" };
    let found = carrier.texting().ok_or(nothing)?.lookup(&numbers).await?;
    // A request is a purchase of its own: there is nothing it could repeat.
    let subject = UsageId::new(app.now(), rand::random()).to_string();
    let entry = charge::entry(app, account, UsageKind::Lookup, count, subject, app.settings().prepaid());
    match app.store().charge(entry).await? {
        Charged::Recorded => Ok(found),
        Charged::InsufficientBalance { .. } => Err(ApiError::insufficient_balance()),
    }
}
