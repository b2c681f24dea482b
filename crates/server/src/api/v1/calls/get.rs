//! `GET /v1/calls/{call_id}`, at once or when the call is over.

use std::time::Duration;

use axum::{Json, extract::State};
use offhook_model::id::CallId;
use utoipa::IntoParams;

use super::{CallDetail, detail_of, find, unknown};
use crate::{
    app::App,
    auth::Caller,
    calls::end::wait_until_over,
    error::ApiError,
    input::{Fields, Query, Read, rules},
    path::Path,
};

/// Whether and how long to wait for the end.
#[derive(Debug, Clone, Copy, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// Answer only when the call is over, or after `timeout`.
    #[param(default = false, required = false)]
    wait: bool,
    /// Seconds.
    #[param(minimum = 10, maximum = 300, default = 120, required = false)]
    timeout: u64,
}

impl Read for Wait {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let wait = fields.optional("wait", rules::flag());
        let timeout = fields.optional("timeout", rules::integer(10..=300));
        Some(Self { wait: wait.unwrap_or(false), timeout: timeout.map_or(120, i64::unsigned_abs) })
    }
}

/// A call with its transcript.
#[utoipa::path(
    get, path = "/v1/calls/{call_id}", tag = "calls", operation_id = "getCall",
    params(("call_id" = String, Path, description = "The call"), Wait),
    responses(
        (status = 200, body = CallDetail, description = "The call"),
        (status = 404, description = "Call not found"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<CallId>,
    Query(wait): Query<Wait>,
) -> Result<Json<CallDetail>, ApiError> {
    let call = if wait.wait {
        let limit = Duration::from_secs(wait.timeout);
        wait_until_over(&app, &caller.account, &id, limit).await?.ok_or_else(unknown)?
    } else {
        find(&app, &caller.account, &id).await?
    };
    detail_of(&app, &call).await.map(Json)
}
