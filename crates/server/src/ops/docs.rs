//! `/openapi.json`, and `/docs/`: the document as one page without scripts or foreign hosts.

use std::fmt::Write as _;

use axum::{
    Router,
    response::{Html, IntoResponse},
    routing::get,
};
use bytes::Bytes;
use http::header;
use utoipa::openapi::{
    OpenApi, RefOr,
    path::{Operation, ParameterIn},
};

use crate::app::App;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    summary{cursor:pointer;padding:.3rem 0}code,pre{font:14px ui-monospace,monospace}\
    pre{background:#8881;padding:.6rem;overflow:auto}.m{display:inline-block;width:4.5rem;font-weight:600}\
    table{border-collapse:collapse}td,th{text-align:left;padding:.1rem .8rem .1rem 0;vertical-align:top}\
    :root{color-scheme:light dark}";

/// The routes that serve the document.
pub(crate) fn documents(document: &OpenApi) -> Router<App> {
    let json = Bytes::from(serde_json::to_vec(document).unwrap_or_default());
    let page = page(document);
    Router::new()
        .route(
            "/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], json.clone()).into_response()),
        )
        .route("/docs", get(async move || Html(page.clone())))
}

fn page(document: &OpenApi) -> String {
    let mut html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Offhook API</title><style>{STYLE}</style><h1>Offhook API</h1><p>{}</p>\
         <p>Every request carries <code>Authorization: Bearer &lt;key&gt;</code> unless said otherwise. \
         The document for machines: <a href=/openapi.json>/openapi.json</a>.</p>",
        escape(document.info.description.as_deref().unwrap_or_default())
    );
    for (path, item) in &document.paths.paths {
        let operations = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                describe(&mut html, method, path, operation);
            }
        }
    }
    html.push_str("<h2 id=schemas>Schemas</h2>");
    if let Some(components) = &document.components {
        for (name, schema) in &components.schemas {
            let schema = serde_json::to_string_pretty(schema).unwrap_or_default();
            let _ = write!(
                html,
                "<details id='{0}'><summary><code>{0}</code></summary><pre>{1}</pre></details>",
                escape(name),
                escape(&schema)
            );
        }
    }
    html
}

fn describe(html: &mut String, method: &str, path: &str, operation: &Operation) {
    let summary = operation.summary.as_deref().unwrap_or_default();
    let _ = write!(
        html,
        "<details><summary><span class=m>{method}</span><code>{}</code> {}</summary>",
        escape(path),
        escape(summary)
    );
    if let Some(description) = &operation.description {
        let _ = write!(html, "<p>{}</p>", escape(description));
    }
    html.push_str("<table>");
    for parameter in operation.parameters.iter().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let place = match parameter.parameter_in {
            ParameterIn::Path => "path",
            ParameterIn::Header => "header",
            ParameterIn::Cookie => "cookie",
            _ => "query",
        };
        let description = parameter.description.as_deref().unwrap_or_default();
        let _ = write!(
            html,
            "<tr><td><code>{}</code><td>{place}<td>{}",
            escape(&parameter.name),
            escape(description)
        );
    }
    html.push_str("</table>");
    if let Some(body) = &operation.request_body {
        let body = serde_json::to_string_pretty(body).unwrap_or_default();
        let _ = write!(html, "<p>Body:</p><pre>{}</pre>", escape(&body));
    }
    html.push_str("<table>");
    for (status, response) in &operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let _ = write!(html, "<tr><td>{}<td>{}", escape(status), escape(&response.description));
    }
    html.push_str("</table></details>");
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\'' => safe.push_str("&#39;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_path_and_no_foreign_host() {
        let document = crate::openapi::document();
        let html = page(&document);
        for path in document.paths.paths.keys() {
            assert!(html.contains(&escape(path)), "{path}");
        }
        assert!(!html.contains("https://"), "the page must work offline");
    }
}
