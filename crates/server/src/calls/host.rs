//! The engine's host: decides arrivals, routes calls, keeps their records.

mod admit;
pub mod record;
pub(super) mod report;

use offhook_engine::host::{Admission, Arrival, BoxFuture, CallHost, DialTarget};
use offhook_model::{e164::E164, id::CallId, report::CallReport};
use offhook_store::StoreError;

use super::routing::Known;
use crate::{app::App, error::Chain};

/// The server as the engine's host.
#[derive(Debug, Clone)]
pub struct Host {
    app: App,
}

impl Host {
    /// The host of `app`.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

impl CallHost for Host {
    fn admit(&self, arrival: Arrival) -> BoxFuture<'_, Admission> {
        Box::pin(admit::admit(&self.app, arrival))
    }

    fn route<'a>(&'a self, caller_id: &'a str, to: &'a E164) -> BoxFuture<'a, Vec<DialTarget>> {
        Box::pin(async move {
            ways_to(&self.app, caller_id, to).await.unwrap_or_else(|error| {
                tracing::error!(error = %Chain(&error), "a call cannot be routed");
                Vec::new()
            })
        })
    }

    fn report(&self, call: CallId, report: CallReport) -> BoxFuture<'_, ()> {
        Box::pin(report::report(&self.app, call, report))
    }
}

/// Ways to a number, best first.
pub(super) async fn ways_to(app: &App, caller_id: &str, to: &E164) -> Result<Vec<DialTarget>, StoreError> {
    let known = known(app, to).await?;
    Ok(app.calls().routing().targets(caller_id, to, &known))
}

/// What this process knows of a number.
async fn known(app: &App, number: &E164) -> Result<Known, StoreError> {
    if !app.calls().routing().is_sim() {
        return Ok(Known::default());
    }
    let handsets = app.telephony().map(|phone| phone.handset_contacts(number.as_str())).unwrap_or_default();
    Ok(Known { handsets, is_ours: app.store().route(number).await?.is_some() })
}
