//! For operators: health, readiness, metrics, documentation. No key is asked for.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::json;

use crate::{app::App, error::Chain, store_health::Trouble};

/// How long a readiness check waits for the database.
const STORE_ANSWER: Duration = Duration::from_secs(2);

mod docs;

pub(crate) use docs::documents;

/// `GET /healthz`: the process lives.
pub(crate) async fn health() -> Json<serde_json::Value> {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}

/// `GET /readyz`: whether requests and calls can be served, and by what. A
/// process that is about to stop says so at once, while it still serves.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let trouble = trouble(&app).await;
    let phone = app.telephony().is_some();
    let draining = app.draining().is_cancelled();
    let ready = trouble.is_none() && phone && !draining;
    let word = |ok| if ok { "ok" } else { "unavailable" };
    let engines = app.components();
    let mut body = json!({
        "status": if ready { "ready" } else if draining { "draining" } else { "unavailable" },
        "store": word(trouble.is_none()),
        "phone": word(phone),
        "carrier": app.carrier().name(),
        "stt": engines.stt,
        "tts": engines.tts,
        "llm": engines.llm,
    });
    if let Some(trouble) = trouble {
        body["reason"] = trouble.reason().into();
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// What is wrong with the database: as was last seen, or as is seen now.
async fn trouble(app: &App) -> Option<Trouble> {
    if let Some(trouble) = app.store_health().trouble() {
        return Some(trouble);
    }
    match tokio::time::timeout(STORE_ANSWER, app.store().ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            tracing::warn!(error = %Chain(&error), "not ready: the store does not answer");
            Some(Trouble::Away)
        }
        Err(_) => Some(Trouble::Away),
    }
}

/// `GET /metrics`: Prometheus text.
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let text = app.metrics().map(metrics_exporter_prometheus::PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
