//! All routes, and what surrounds them.

use axum::{Router, middleware, routing::get};
use tower::Layer;
use tower_http::{catch_panic::CatchPanicLayer, normalize_path::NormalizePathLayer};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    api,
    app::App,
    audit_api, billing_api, deliveries_api, erasure_api,
    error::{ApiError, ErrorCode},
    media_api, observe, openapi, ops,
    requests::guard::{Guard, guard},
    retention_api, sim_api,
};

/// The routes of the OpenAPI document.
pub fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(api::v1::routes())
        .merge(api::v0::routes())
        .merge(api::auth::routes())
        .merge(api::integrations::routes())
        .merge(audit_api::routes())
        .merge(sim_api::routes())
        .merge(billing_api::routes())
        .merge(deliveries_api::routes())
        .merge(media_api::routes())
        .merge(retention_api::routes())
        .merge(erasure_api::routes())
}

/// The whole server as one service. A trailing slash makes no difference.
pub fn router(app: App) -> Router {
    let (routes, document) = documented().split_for_parts();
    let document = openapi::finish(document);
    let routes = routes
        .route("/healthz", get(ops::health))
        .route("/readyz", get(ops::ready))
        .route("/metrics", get(ops::metrics))
        .merge(ops::documents(&document))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        // Innermost: what surrounds the request sees a panic as the 500 it becomes.
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(middleware::from_fn_with_state(Guard::new(app.clone(), &document), guard))
        .layer(middleware::from_fn(observe::detached))
        .layer(CatchPanicLayer::custom(observe::panicked))
        .layer(middleware::from_fn(observe::observe))
        .with_state(app);
    Router::new().fallback_service(NormalizePathLayer::trim_trailing_slash().layer(routes))
}

async fn not_found() -> ApiError {
    ApiError::not_found("Not Found")
}

async fn wrong_method() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "Method Not Allowed")
}
