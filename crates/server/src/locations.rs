//! Where people are who share it with an iMessage line (contract §13).

use std::time::Duration;

use offhook_carriers::texting::LocationUpdate;
use offhook_model::{Timestamp, address::Address, id::AccountId, number::NumberType};
use offhook_store::{Location, Page};

use crate::{
    app::App,
    error::ApiError,
    messaging::{inbound::Outcome, send::texting},
};

/// Most lines whose people are asked for.
const LINES: Page = Page { limit: 1_000, offset: 0 };

/// What is known of somebody's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Degrees north and east; none when they share no place.
    pub degrees: Option<(f64, f64)>,
    /// When it was so, or when they were last heard of.
    pub at: Timestamp,
}

/// Somebody's place.
///
/// # Errors
/// 404 for people who share no place and with whom the account exchanged no
/// iMessage.
pub async fn of(app: &App, account: &AccountId, person: &Address) -> Result<Place, ApiError> {
    if let Some(place) = app.store().location(account, person.as_str()).await? {
        return Ok(Place { degrees: Some((place.latitude, place.longitude)), at: place.at });
    }
    let at = app.store().last_imessage_with(account, person.as_str()).await?;
    let at = at.ok_or_else(|| ApiError::not_found("Location not found"))?;
    Ok(Place { degrees: None, at })
}

/// Asks for the places of everybody who shares theirs; they come a little
/// later. How long to wait for them.
///
/// # Errors
/// 400 for an account without an iMessage line, or where the carrier has no
/// shared places; 502 when it fails.
pub async fn refresh(app: &App, account: &AccountId) -> Result<Duration, ApiError> {
    let held = app.store().numbers(account, LINES).await?.data;
    let mut wait = None;
    for line in held.into_iter().filter(|number| number.kind == NumberType::Imessage) {
        let patience = texting(app)?.refresh_locations(&line.phone_number).await?;
        wait = wait.max(Some(patience));
    }
    wait.ok_or_else(|| ApiError::bad_request("Shared locations need an active iMessage number"))
}

/// The carrier tells where somebody is. Places that cannot be, and lines that
/// nobody holds, are dropped.
///
/// # Errors
/// 503 when the store is away.
pub async fn arrived(app: &App, update: &LocationUpdate) -> Result<Outcome, ApiError> {
    let Some(route) = app.store().route(&update.to).await? else { return Ok(Outcome::Unknown) };
    let is_place = (-90.0..=90.0).contains(&update.latitude) && (-180.0..=180.0).contains(&update.longitude);
    let Ok(person) = Address::parse(&update.from) else { return Ok(Outcome::Unknown) };
    if !is_place {
        tracing::warn!("a carrier told a place that is not on earth");
        return Ok(Outcome::Unknown);
    }
    let place = Location {
        person: person.to_string(),
        latitude: update.latitude,
        longitude: update.longitude,
        at: update.at.unwrap_or_else(|| app.now()),
    };
    app.store().put_location(&route.number.account_id, &place).await?;
    Ok(Outcome::Stored(Vec::new()))
}
