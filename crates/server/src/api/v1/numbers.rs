//! Phone numbers: search, buy, keep, give back (contract §3).

mod available;
mod contact_card;
mod create;
mod get;
mod list;
mod lookup;
mod messages;
mod release;
mod update;
mod view;

use std::collections::HashMap;

use offhook_model::{
    Timestamp,
    id::{AccountId, NumberId},
    number::{Number, NumberType},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use view::NumberView;

use crate::{app::App, auth::Caller, error::ApiError, registration};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(available::available))
        .routes(routes!(lookup::lookup))
        .routes(routes!(get::get, update::update, release::release))
        .routes(routes!(messages::messages))
        .merge(contact_card::routes())
}

/// The caller's number of this id, also when it was released.
///
/// # Errors
/// 404 when there is none, or it is somebody else's.
pub async fn find(app: &App, caller: &Caller, id: &NumberId) -> Result<Number, ApiError> {
    app.store().number(&caller.account, id).await?.ok_or_else(ApiError::number_not_found)
}

/// A number as its owner sees it.
async fn view(app: &App, number: Number) -> Result<NumberView, ApiError> {
    let standing = registration::standing(app, &number.account_id).await?;
    let strangers = strangers(app, &number.account_id, std::slice::from_ref(&number)).await?;
    let written = strangers.get(&number.id).copied().unwrap_or(0);
    Ok(NumberView::new(number, standing, written))
}

/// How many strangers each of these numbers wrote to today, UTC; asked only
/// where an iMessage line is among them.
async fn strangers(
    app: &App,
    account: &AccountId,
    numbers: &[Number],
) -> Result<HashMap<NumberId, u32>, ApiError> {
    if !numbers.iter().any(|number| number.kind == NumberType::Imessage) {
        return Ok(HashMap::new());
    }
    const DAY_MS: i64 = 86_400_000;
    let now = app.now();
    let midnight = now.as_millisecond() - now.as_millisecond().rem_euclid(DAY_MS);
    let midnight = Timestamp::from_millisecond(midnight).unwrap_or(now);
    Ok(app.store().strangers_written_to(account, midnight).await?)
}

/// Whether this is three digits, as an area code is.
fn is_area_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads a country we have numbers of.
fn country(word: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|country| country.eq_ignore_ascii_case(word)).copied()
}

/// Countries numbers can be bought in.
const COUNTRIES: [&str; 2] = ["US", "CA"];
