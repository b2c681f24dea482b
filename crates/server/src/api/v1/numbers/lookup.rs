//! `GET /v1/numbers/lookup`.

use axum::{Json, extract::State};
use offhook_carriers::texting::NumberFacts;
use offhook_model::e164::E164;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{
        Fields, Query, Read, Rule, Spot,
        rules::{phone, text},
    },
    numbers::lookup,
};

/// Numbers in one request.
const MOST: usize = 25;

/// What to look up.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Wanted {
    /// One to 25 numbers in E.164 form, separated by commas.
    #[param(value_type = String, example = "+14155550123,+14155550124")]
    phone_numbers: Vec<E164>,
}

impl Read for Wanted {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { phone_numbers: fields.required("phoneNumbers", Numbers)? })
    }
}

/// Numbers separated by commas. A `+` that was not escaped arrives as a space.
struct Numbers;

impl Rule for Numbers {
    type Value = Vec<E164>;

    fn check(&self, value: &Value, spot: &mut Spot<'_>) -> Option<Vec<E164>> {
        let listed = text().check(value, spot)?;
        let items: Vec<&str> = listed.split(',').collect();
        if items.len() > MOST {
            let msg = format!("List should have at most {MOST} items after validation, not {}", items.len());
            spot.fault("too_long", msg);
            return None;
        }
        let read: Vec<_> = items
            .into_iter()
            .enumerate()
            .map(|(at, item)| {
                let unescaped =
                    item.starts_with(' ') && item.trim().starts_with(|c: char| c.is_ascii_digit());
                let number = if unescaped { format!("+{}", item.trim()) } else { item.trim().to_owned() };
                phone().check(&Value::String(number), &mut spot.inside(at))
            })
            .collect();
        read.into_iter().collect()
    }
}

/// What is known of the numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lookups {
    /// One entry per number, in the order of the request.
    data: Vec<Lookup>,
}

/// What is known of a number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"phoneNumber": "+14155559876", "lineType": "mobile", "country": "US", "rcsEnabled": false}))]
pub(crate) struct Lookup {
    /// E.164.
    #[schema(value_type = String)]
    phone_number: E164,
    /// `mobile`, `landline`, `voip`; null when unknown.
    #[schema(required)]
    line_type: Option<&'static str>,
    /// Two letters; null when unknown.
    #[schema(required)]
    country: Option<String>,
    /// Whether it takes RCS.
    rcs_enabled: bool,
}

impl From<NumberFacts> for Lookup {
    fn from(facts: NumberFacts) -> Self {
        Self {
            phone_number: facts.number,
            line_type: facts.line_type,
            country: facts.country,
            rcs_enabled: facts.is_rcs,
        }
    }
}

/// Asks the carrier what kind of lines these are. Each number is charged once,
/// however often it is named.
#[utoipa::path(
    get, path = "/v1/numbers/lookup", tag = "numbers", operation_id = "lookupNumbers",
    params(Wanted),
    responses(
        (status = 200, body = Lookups, description = "What is known of them"),
        (status = 400, description = "The carrier looks up no numbers"),
        (status = 402, description = "The balance does not cover it"),
        (status = 502, description = "The carrier refused"),
    )
)]
pub(crate) async fn lookup(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Lookups>, ApiError> {
    let found = lookup::lookup(&app, &caller.account, wanted.phone_numbers).await?;
    Ok(Json(Lookups { data: found.into_iter().map(Lookup::from).collect() }))
}
