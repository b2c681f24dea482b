//! `/openapi.json`, and `/docs`: the document as a page for people.
//!
//! Swagger UI draws it (Apache-2.0, from the registry package pinned in
//! `Cargo.toml`, unpacked by `build.rs`). It is part of the binary, gzipped:
//! no foreign host is asked for anything, and the page's policy forbids it.

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{HeaderName, header};
use utoipa::openapi::OpenApi;

use crate::app::App;

const PAGE: &str = include_str!("docs/page.html");
const PAGE_JS: &str = include_str!("docs/page.js");
const BUNDLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz"));
const STYLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"));

/// What the page may do: run our scripts, ask our server. Icons are `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A new binary may bring new files under the same names.
const CACHE: &str = "public, max-age=3600";

/// The routes that serve the document.
pub(crate) fn documents(document: &OpenApi) -> Router<App> {
    let json = Bytes::from(serde_json::to_vec(document).unwrap_or_default());
    Router::new()
        .route(
            "/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], json.clone()).into_response()),
        )
        .route("/docs", get(page))
        .route("/docs/page.js", get(async || text("text/javascript; charset=utf-8", PAGE_JS)))
        .route("/docs/swagger-ui-bundle.js", get(async || packed("text/javascript; charset=utf-8", BUNDLE)))
        .route("/docs/swagger-ui.css", get(async || packed("text/css; charset=utf-8", STYLE)))
}

async fn page() -> Response {
    let policy = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (policy, text("text/html; charset=utf-8", PAGE)).into_response()
}

fn text(kind: &'static str, body: &'static str) -> Response {
    (headers(kind), body).into_response()
}

/// A file that is kept gzipped and sent so: whoever runs its JavaScript can unpack it.
fn packed(kind: &'static str, body: &'static [u8]) -> Response {
    ([(header::CONTENT_ENCODING, "gzip")], headers(kind), body).into_response()
}

fn headers(kind: &'static str) -> [(HeaderName, &'static str); 2] {
    [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, CACHE)]
}
