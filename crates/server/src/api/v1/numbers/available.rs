//! `GET /v1/numbers/available`.

use axum::{Json, extract::State};
use offhook_carriers::{AvailableNumber, NumberSearch};
use offhook_model::e164::E164;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::COUNTRIES;
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Query, Read,
        rules::{integer, text, word},
    },
    numbers,
};

/// What to look for; every parameter narrows.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Search {
    /// Three digits.
    #[param(pattern = r"^\d{3}$")]
    area_code: Option<String>,
    /// City, any case.
    city: Option<String>,
    /// State or province: two letters or the whole name, any case.
    state: Option<String>,
    /// Postal code; carriers without the data ignore it.
    zip: Option<String>,
    /// `US` or `CA`.
    #[param(value_type = Option<String>)]
    country: Option<&'static str>,
    /// At most this many.
    #[param(minimum = 1, maximum = 100, default = 20, required = false)]
    limit: usize,
}

impl Read for Search {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let limit = fields.optional("limit", integer(1..=100));
        Some(Self {
            area_code: fields.optional("areaCode", text().matching(r"^\d{3}$", super::is_area_code)),
            city: fields.optional("city", text()),
            state: fields.optional("state", text()),
            zip: fields.optional("zip", text()),
            country: fields.optional("country", word(super::country, &COUNTRIES)),
            limit: limit.and_then(|limit| limit.try_into().ok()).unwrap_or(20),
        })
    }
}

/// Numbers for sale.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Offers {
    /// Empty when nothing fits.
    data: Vec<Offer>,
}

/// A number for sale.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"phoneNumber": "+14155550142", "city": "San Francisco", "state": "CA", "rateCenter": "San Francisco",
    "areaCode": "415"}))]
pub(crate) struct Offer {
    /// E.164.
    #[schema(value_type = String)]
    phone_number: E164,
    /// City of the area code.
    city: String,
    /// State or province, two letters.
    state: String,
    /// Rate centre.
    rate_center: String,
    /// Three digits.
    area_code: String,
}

impl From<AvailableNumber> for Offer {
    fn from(offer: AvailableNumber) -> Self {
        let area_code = offer.number.digits().get(1..4).unwrap_or_default().to_owned();
        Self {
            phone_number: offer.number,
            city: offer.city,
            state: offer.state,
            rate_center: offer.rate_center,
            area_code,
        }
    }
}

/// Searches the carrier's inventory.
#[utoipa::path(
    get, path = "/v1/numbers/available", tag = "numbers", operation_id = "listAvailableNumbers",
    params(Search),
    responses((status = 200, body = Offers, description = "Numbers for sale"))
)]
pub(crate) async fn available(
    State(app): State<App>,
    _: Caller,
    Query(search): Query<Search>,
) -> Result<Json<Offers>, ApiError> {
    let search = NumberSearch {
        country: search.country.map(str::to_owned),
        area_code: search.area_code,
        city: search.city,
        state: search.state,
        zip: search.zip,
        limit: search.limit,
    };
    let offers = numbers::available(&app, &search).await?;
    Ok(Json(Offers { data: offers.into_iter().map(Offer::from).collect() }))
}
