//! `POST /v1/feedback`.

use axum::{Json, extract::State};
use http::StatusCode;
use offhook_model::{Timestamp, id::FeedbackId};
use offhook_store::Feedback;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Caller,
    error::ApiError,
    idempotency::promise,
    input::{
        Fields, Input, Read,
        rules::{list, text},
    },
};

/// Something to tell the operator.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "category": "bug", "note": "The second call of the day has no recording.", "tags": ["recording"]
}))]
pub(crate) struct SendFeedback {
    /// What kind; any word.
    #[schema(min_length = 1, max_length = 100)]
    category: String,
    /// What there is to say.
    #[schema(min_length = 1, max_length = 10_000)]
    note: String,
    /// The request it is about, as `X-Request-Id` named it.
    #[schema(max_length = 200)]
    request_id: Option<String>,
    /// The page it is about.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// Labels.
    #[schema(max_items = 50)]
    tags: Option<Vec<String>>,
}

impl Read for SendFeedback {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let category = fields.required("category", text().trimmed().chars(1..=100));
        let note = fields.required("note", text().trimmed().chars(1..=10_000));
        let request_id = fields.optional("request_id", text().chars(0..=200));
        let url = fields.optional("url", text().chars(0..=2048));
        let tags = fields.optional("tags", list(text().trimmed().chars(1..=100), 0..=50));
        Some(Self { category: category?, note: note?, request_id, url, tags })
    }
}

/// It was kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "fb_01", "ok": true, "createdAt": "2025-01-15T10:30:00Z"}))]
pub(crate) struct KeptFeedback {
    /// `fb_…`.
    #[schema(value_type = String)]
    id: FeedbackId,
    /// Always true.
    ok: bool,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Tells the operator something.
#[utoipa::path(
    post, path = "/v1/feedback", tag = "feedback", operation_id = "submitFeedback",
    request_body = SendFeedback,
    responses((status = 200, body = KeptFeedback, description = "It was kept"))
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Input(body): Input<SendFeedback>,
) -> Result<Json<KeptFeedback>, ApiError> {
    let now = app.now();
    let feedback = Feedback {
        id: FeedbackId::new(now, rand::random()),
        account_id: caller.account,
        category: body.category,
        note: body.note,
        request_id: body.request_id,
        url: body.url,
        tags: body.tags.unwrap_or_default(),
        created_at: now,
    };
    let kept = KeptFeedback { id: feedback.id.clone(), ok: true, created_at: now };
    promise(StatusCode::OK, {
        let kept = kept.clone();
        move |_rows: &u64| Some(kept.clone())
    });
    app.store().insert_feedback(&feedback).await?;
    tracing::info!(feedback.id = %feedback.id, "feedback; `offhook feedback list` shows it");
    Ok(Json(kept))
}
