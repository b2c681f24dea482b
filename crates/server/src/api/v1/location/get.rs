//! `GET /v1/location/{phone_number}`.

use axum::{Json, extract::State};
use offhook_model::address::Address;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, Fault},
    locations,
    path::Path,
};

/// Where somebody is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Location, example = json!({
    "phoneNumber": "+14155559876", "latitude": 37.77, "longitude": -122.42, "status": "available",
    "lastUpdated": 1_736_937_000
}))]
pub(crate) struct LocationView {
    /// E.164, or a mail address.
    phone_number: String,
    /// Degrees north.
    #[schema(required)]
    latitude: Option<f64>,
    /// Degrees east.
    #[schema(required)]
    longitude: Option<f64>,
    /// `available`, or `unavailable` for a contact that shares no place.
    status: &'static str,
    /// When it was so, Unix seconds; when they last wrote, without a place.
    last_updated: i64,
}

/// The last known place of an iMessage contact who shares it.
#[utoipa::path(
    get, path = "/v1/location/{phone_number}", tag = "location", operation_id = "getLocation",
    params(("phone_number" = String, Path, description = "E.164, percent-encoded")),
    responses(
        (status = 200, body = LocationView, description = "The place"),
        (status = 404, description = "Nothing is known of this number"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(phone_number): Path<String>,
) -> Result<Json<LocationView>, ApiError> {
    let person = match Address::parse(&phone_number) {
        Ok(person @ (Address::Phone(_) | Address::Email(_))) => person,
        Ok(_) | Err(_) => {
            let text = "Value error, phone number must be in E.164 format, e.g. +14155550100";
            let loc = vec!["path".into(), "phone_number".into()];
            return Err(ApiError::validation(vec![Fault::new(loc, "value_error", text)]));
        }
    };
    let place = locations::of(&app, &caller.account, &person).await?;
    Ok(Json(LocationView {
        phone_number: person.to_string(),
        latitude: place.degrees.map(|(latitude, _)| latitude),
        longitude: place.degrees.map(|(_, longitude)| longitude),
        status: if place.degrees.is_some() { "available" } else { "unavailable" },
        last_updated: place.at.as_second(),
    }))
}
