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

use offhook_model::{id::NumberId, number::Number};
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
    Ok(NumberView::new(number, standing))
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
