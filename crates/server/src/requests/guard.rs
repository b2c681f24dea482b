//! The middleware around every documented route.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method};
use offhook_store::Authenticated;
use utoipa::openapi::OpenApi;

use super::{
    client, identify,
    known::Known,
    routes::{Route, Routes},
};
use crate::{
    app::App,
    audit::{self, Deed},
    auth::Caller,
    error::ApiError,
    idempotency::{self, InFlight},
    limits::{Limiter, Subject},
    store_health,
};

/// What the middleware works with; shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct Guard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    app: App,
    routes: Routes,
    limiter: Limiter,
    in_flight: InFlight,
    known: Known,
}

impl Guard {
    pub(crate) fn new(app: App, document: &OpenApi) -> Self {
        let routes = Routes::of(document);
        let limiter = Limiter::new(app.settings().rates.clone(), &routes);
        Self(Arc::new(Inner {
            app,
            routes,
            limiter,
            in_flight: InFlight::default(),
            known: Known::default(),
        }))
    }
}

/// Takes a request through the steps that [`crate::requests`] lists.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let inner = &*guard.0;
    let Some(route) = inner.routes.find(&request) else { return next.run(request).await };
    if store_health::is_unreachable(&inner.app)
        && let Err(refusal) = inner.app.store_health().check()
    {
        return refusal.into_response();
    }
    let address = client::address(&request, &inner.app.settings().trusted_proxies);
    if route.is_public {
        return inner.limited(Subject::Address(address.into()), route, next.run(request)).await;
    }
    match inner.owner(request.headers(), address).await {
        Err(refusal) => refusal,
        Ok(owner) => {
            let subject = Subject::Key(owner.key_id.clone());
            inner.limited(subject, route, inner.act(owner, address, route, request, next)).await
        }
    }
}

impl Inner {
    /// Runs a request if there is room for it, and says how much is left.
    async fn limited(
        &self,
        subject: Subject,
        route: &Route,
        run: impl Future<Output = Response>,
    ) -> Response {
        let Some(standing) = self.limiter.admit(subject, route, self.app.now()) else { return run.await };
        let mut response = if standing.refused() { standing.refusal().into_response() } else { run.await };
        standing.write(response.headers_mut());
        response
    }

    /// Whose key it is; an address that guesses too often is not listened to.
    async fn owner(&self, headers: &HeaderMap, address: Option<IpAddr>) -> Result<Authenticated, Response> {
        let key = identify::key(headers);
        let hash = key.as_ref().ok().map(offhook_store::ApiKeySecret::hash);
        let now = self.app.now();
        if let Some(owner) = hash.as_ref().and_then(|hash| self.known.find(hash, now)) {
            return Ok(owner);
        }
        if let Some(standing) = self.limiter.may_guess(address.into(), hash.as_ref(), now) {
            let mut response = standing.refusal().into_response();
            standing.write(response.headers_mut());
            return Err(response);
        }
        let owner = match key {
            Ok(key) => identify::owner(&self.app, &key).await,
            Err(refusal) => Err(refusal),
        };
        match (owner, hash) {
            (Ok(owner), Some(hash)) => {
                self.limiter.proved(address.into(), hash.clone());
                self.known.learn(hash, owner.clone(), now);
                Ok(owner)
            }
            (Ok(owner), None) => Ok(owner),
            (Err(refusal), _) => {
                if refusal.code() == crate::error::ErrorCode::Unauthorized {
                    self.limiter.guessed(address.into(), now);
                }
                Err(refusal.into_response())
            }
        }
    }

    /// Runs a request of a known key; what may change something is written down.
    async fn act(
        &self,
        owner: Authenticated,
        address: Option<IpAddr>,
        route: &Route,
        mut request: Request,
        next: Next,
    ) -> Response {
        let mut caller =
            Caller { account: owner.account_id.clone(), owner: owner.account_id, key: owner.key_id };
        let narrowed = if route.ignores_sub_account() {
            Ok(())
        } else {
            identify::narrow(&self.app, &mut caller, request.headers()).await
        };
        if request.method().is_safe() {
            return match narrowed {
                Ok(()) => {
                    request.extensions_mut().insert(caller);
                    next.run(request).await
                }
                Err(refusal) => refusal.into_response(),
            };
        }
        let deed = Deed::of(&mut request, route, &caller, address, self.app.now()).await;
        let response = match narrowed {
            Ok(()) => self.once(caller, request, next).await,
            Err(refusal) => refusal.into_response(),
        };
        audit::written(&self.app, deed, response).await
    }

    /// Runs a request, a POST with an `Idempotency-Key` only once.
    async fn once(&self, caller: Caller, mut request: Request, next: Next) -> Response {
        let key = request.headers().get(idempotency::HEADER).cloned();
        request.extensions_mut().insert(caller.clone());
        match key {
            Some(key) if request.method() == Method::POST => {
                idempotency::once(&self.app, &self.in_flight, &caller, &key, request, next)
                    .await
                    .unwrap_or_else(ApiError::into_response)
            }
            _ => next.run(request).await,
        }
    }
}
