//! The documented routes, by method and template.

use std::{collections::HashMap, sync::Arc};

use axum::extract::{MatchedPath, Request};
use http::Method;
use utoipa::openapi::{OpenApi, PathItem, path::Operation};

use crate::openapi;

/// A documented route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// Its operation's id.
    pub(crate) operation: String,
    pub(crate) method: Method,
    /// Its path with `{parameters}`.
    pub(crate) template: String,
    /// Whether no key is asked for.
    pub(crate) is_public: bool,
}

impl Route {
    /// Whether it acts for the key's own account whatever the header says:
    /// sub-accounts have no sub-accounts (contract §12).
    pub(crate) fn ignores_sub_account(&self) -> bool {
        ignores_sub_account(&self.template)
    }
}

/// Whether the routes of this template leave `X-Sub-Account-Id` unread.
pub(crate) fn ignores_sub_account(template: &str) -> bool {
    template.starts_with("/v1/sub-accounts")
}

/// Every documented route.
#[derive(Debug)]
pub(crate) struct Routes {
    by_template: HashMap<String, Vec<Arc<Route>>>,
}

impl Routes {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut by_template: HashMap<String, Vec<Arc<Route>>> = HashMap::new();
        for (template, item) in &document.paths.paths {
            for (method, operation) in operations(item) {
                let route = Route {
                    operation: operation.operation_id.clone().unwrap_or_default(),
                    method,
                    template: template.clone(),
                    is_public: openapi::is_public(operation),
                };
                by_template.entry(template.clone()).or_default().push(Arc::new(route));
            }
        }
        Self { by_template }
    }

    /// The route this request was matched to; none for what the document does
    /// not have, and for methods a path lacks.
    pub(crate) fn find(&self, request: &Request) -> Option<&Arc<Route>> {
        let template = request.extensions().get::<MatchedPath>()?.as_str();
        // axum answers HEAD with the handler of GET.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        self.by_template.get(template)?.iter().find(|route| route.method == method)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.by_template.values().flatten()
    }
}

/// A path's operations with their methods.
pub(crate) fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}
