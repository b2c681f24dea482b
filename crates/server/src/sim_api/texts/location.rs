//! `POST /offhook/v1/sim/locations`: somebody who shares it moves.

use axum::{Json, extract::State};
use offhook_carriers::{CarrierEvent, texting::LocationUpdate};
use offhook_model::e164::E164;
use utoipa::ToSchema;

use super::{Taken, line, phone, texts};
use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    input::{Fields, Input, Read, rules},
    messaging::inbound,
};

/// Who is where.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"from": "+15005550110", "to": "+14155550100", "latitude": 37.77, "longitude": -122.42}))]
pub(crate) struct SimulateLocation {
    /// Who shares a location.
    from: String,
    /// The account's number it is shared with.
    #[schema(value_type = String)]
    to: E164,
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
}

impl Read for SimulateLocation {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let from = fields.required("from", rules::text().trimmed().chars(1..=254));
        let to = fields.required("to", rules::phone());
        let latitude = fields.required("latitude", rules::number(-90.0..=90.0));
        let longitude = fields.required("longitude", rules::number(-180.0..=180.0));
        Some(Self { from: from?, to: to?, latitude: latitude?, longitude: longitude? })
    }
}

/// Has somebody share a location with a number of the account.
#[utoipa::path(
    post, path = "/offhook/v1/sim/locations", tag = "simulation", operation_id = "simulateLocation",
    request_body = SimulateLocation,
    responses(
        (status = 200, body = Taken, description = "What came of it"),
        (status = 404, description = "The simulated carrier is off, or the number is not the account's"),
    )
)]
pub(crate) async fn move_to(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SimulateLocation>,
) -> Result<Json<Taken>, ApiError> {
    texts(&app)?;
    line(&app, &caller.account, &body.to).await?;
    let event = CarrierEvent::Location(LocationUpdate {
        from: phone(&body.from),
        to: body.to,
        latitude: body.latitude,
        longitude: body.longitude,
        at: None,
    });
    Ok(Json(inbound::receive(&app, event).await?.into()))
}
