//! `GET /offhook/v1/sim/test-numbers`.

use axum::{Json, extract::State};
use offhook_sim::test_numbers::TEST_NUMBERS;
use serde::Serialize;
use utoipa::ToSchema;

use super::network;
use crate::{app::App, auth::Caller, error::ApiError};

/// A number that plays a part when it is called.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"phoneNumber": "+15005550001", "name": "busy"}))]
pub(crate) struct TestNumberView {
    /// What to dial.
    phone_number: &'static str,
    /// Who answers, or what happens instead.
    name: &'static str,
}

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestNumbers {
    /// In the order of the manual.
    data: Vec<TestNumberView>,
}

/// Lists the numbers that give each outcome of a call.
#[utoipa::path(
    get, path = "/offhook/v1/sim/test-numbers", tag = "simulation", operation_id = "listTestNumbers",
    responses(
        (status = 200, body = TestNumbers, description = "The test numbers"),
        (status = 404, description = "The simulated carrier is off"),
    )
)]
pub(crate) async fn test_numbers(State(app): State<App>, _: Caller) -> Result<Json<TestNumbers>, ApiError> {
    network(&app)?;
    let view = |number: &offhook_sim::test_numbers::TestNumber| TestNumberView {
        phone_number: number.number,
        name: number.name,
    };
    Ok(Json(TestNumbers { data: TEST_NUMBERS.iter().map(view).collect() }))
}
