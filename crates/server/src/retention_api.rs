//! `/offhook/v1/retention`: how long an account keeps what people said.

use axum::{Json, extract::State};
use offhook_model::retention::{DELIVERY_DAYS, Retention};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, Fault},
    input::{Fields, Input, Read, rules::integer},
    retention,
};

/// The route under `/offhook/v1/retention`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// Longest time that can be set: a hundred years.
const MOST_DAYS: i64 = 36_500;

/// Days after which things are removed; null keeps them for ever.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Retention, example = json!({
    "recordingsDays": 30, "transcriptsDays": 90, "messagesDays": null, "deliveriesDays": 14, "minimumDays": 1
}))]
pub(crate) struct RetentionView {
    /// Recordings, from the end of their call.
    #[schema(required)]
    recordings_days: Option<u32>,
    /// Transcripts, from the end of their call.
    #[schema(required)]
    transcripts_days: Option<u32>,
    /// Messages with their pictures and files.
    #[schema(required)]
    messages_days: Option<u32>,
    /// Webhook deliveries. They also go with the transcripts and messages they
    /// carry, though never before 7 days.
    #[schema(required)]
    deliveries_days: Option<u32>,
    /// The fewest days that can be set; 7 for deliveries.
    minimum_days: u32,
}

impl RetentionView {
    fn new(kept: Retention, minimum_days: u32) -> Self {
        Self {
            recordings_days: kept.recordings,
            transcripts_days: kept.transcripts,
            messages_days: kept.messages,
            deliveries_days: kept.deliveries,
            minimum_days,
        }
    }
}

/// What is in force: what the account set, else what the operator did.
#[utoipa::path(
    get, path = "/offhook/v1/retention", tag = "erasure", operation_id = "getRetention",
    responses((status = 200, body = RetentionView, description = "Days by kind"))
)]
pub(crate) async fn get(State(app): State<App>, caller: Caller) -> Result<Json<RetentionView>, ApiError> {
    let kept = retention::in_force(&app, &caller.account).await?;
    Ok(Json(RetentionView::new(kept, app.settings().retention.at_least_days)))
}

/// How long to keep things; what is left out or null is kept for ever.
#[derive(Debug, ToSchema)]
#[schema(
    rename_all = "camelCase",
    example = json!({"recordingsDays": 30, "transcriptsDays": 90, "messagesDays": null, "deliveriesDays": 14})
)]
pub(crate) struct PutRetention {
    /// Recordings, from the end of their call.
    #[schema(minimum = 1, maximum = 36500)]
    recordings_days: Option<u32>,
    /// Transcripts, from the end of their call.
    #[schema(minimum = 1, maximum = 36500)]
    transcripts_days: Option<u32>,
    /// Messages with their pictures and files.
    #[schema(minimum = 1, maximum = 36500)]
    messages_days: Option<u32>,
    /// Webhook deliveries.
    #[schema(minimum = 7, maximum = 36500)]
    deliveries_days: Option<u32>,
}

impl Read for PutRetention {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut days = |name: &str, least: u32| {
            fields.optional(name, integer(i64::from(least)..=MOST_DAYS)).and_then(|days| days.try_into().ok())
        };
        Some(Self {
            recordings_days: days("recordingsDays", 1),
            transcripts_days: days("transcriptsDays", 1),
            messages_days: days("messagesDays", 1),
            deliveries_days: days("deliveriesDays", DELIVERY_DAYS),
        })
    }
}

/// Sets how long things are kept.
///
/// What is too old by the new setting is removed within the hour, for good.
#[utoipa::path(
    put, path = "/offhook/v1/retention", tag = "erasure", operation_id = "setRetention",
    request_body = PutRetention,
    responses(
        (status = 200, body = RetentionView, description = "What is in force now"),
        (status = 422, description = "Fewer days than the operator allows"),
    )
)]
pub(crate) async fn put(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<PutRetention>,
) -> Result<Json<RetentionView>, ApiError> {
    let least = app.settings().retention.at_least_days;
    let faults: Vec<Fault> = [
        ("recordingsDays", body.recordings_days),
        ("transcriptsDays", body.transcripts_days),
        ("messagesDays", body.messages_days),
        ("deliveriesDays", body.deliveries_days),
    ]
    .into_iter()
    .filter(|(_, days)| days.is_some_and(|days| days < least))
    .map(|(field, _)| {
        let msg = format!("Value error, the operator allows no fewer than {least} days");
        Fault::new(vec!["body".into(), field.into()], "value_error", msg)
    })
    .collect();
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    let kept = Retention {
        recordings: body.recordings_days,
        transcripts: body.transcripts_days,
        messages: body.messages_days,
        deliveries: body.deliveries_days,
    };
    app.store().set_retention(&caller.account, kept, app.now()).await?;
    Ok(Json(RetentionView::new(kept, least)))
}
