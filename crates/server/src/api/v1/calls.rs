//! Calls: placed, watched, ended, heard again (contract §1.13, §3.2, §5).

mod create;
mod create_web;
pub(crate) mod destination;
mod end;
mod get;
mod list;
mod of_agent;
mod of_number;
mod query;
mod recording;
mod stream;
mod transcript;
mod view;

use offhook_model::id::{AccountId, CallId};
use offhook_store::{Call, CallFilter};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use query::CallsQuery;
pub use view::{CallDetail, CallSummaryView, ExchangeView};

use crate::{app::App, calls::outbound::CreateError, error::ApiError, page::Paged};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(create_web::create_web))
        .routes(routes!(get::get))
        .routes(routes!(end::end))
        .routes(routes!(recording::recording))
        .routes(routes!(transcript::transcript))
        .routes(routes!(stream::stream))
        .routes(routes!(of_agent::of_agent))
        .routes(routes!(of_number::of_number))
}

/// The caller's call of this id.
async fn find(app: &App, account: &AccountId, id: &CallId) -> Result<Call, ApiError> {
    app.store().call(account, id).await?.ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::not_found("Call not found")
}

/// A call with its transcript as it is now.
async fn detail_of(app: &App, call: &Call) -> Result<CallDetail, ApiError> {
    let turns = app.store().turns(&call.account_id, &call.id).await?;
    Ok(view::detail(app, call, &turns))
}

/// A page of the calls that fit.
async fn page_of(
    app: &App,
    account: &AccountId,
    query: &CallsQuery,
    filter: CallFilter,
) -> Result<Paged<CallSummaryView>, ApiError> {
    let filter = CallFilter {
        status: query.status.clone(),
        direction: query.direction.clone(),
        kind: query.kind.clone(),
        search: query.search.clone(),
        ..filter
    };
    let found = app.store().calls(account, &filter, query.page().into()).await?;
    Ok(Paged::of(found, |row| view::summary(app, &row.call, row.last_words.as_deref())))
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::UnknownAgent => Self::not_found("Agent not found"),
            CreateError::UnknownNumber => Self::number_not_found(),
            CreateError::WrongNumber => Self::bad_request("The number is not attached to this agent"),
            CreateError::NoNumber => Self::bad_request("The agent has no active phone number"),
            CreateError::NoWebhook(_) => Self::bad_request(
                "The agent is in webhook mode and no webhook is configured; set one, or send systemPrompt",
            ),
            CreateError::Busy { open } => Self::rate_limited(
                format!("Concurrent call limit reached: {open} calls are in progress"),
                std::time::Duration::from_secs(10),
            ),
            CreateError::InsufficientBalance => Self::insufficient_balance(),
            CreateError::Draining => {
                Self::unavailable("The server is about to stop and takes no new calls").untouched()
            }
            CreateError::StoreAway => {
                Self::unavailable("The database is not available. Try again soon.").untouched()
            }
            CreateError::NoPhone => Self::unavailable("The phone engine is not running").untouched(),
            CreateError::Store(error) => error.into(),
        }
    }
}
