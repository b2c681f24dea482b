//! `GET /offhook/v1/billing`: what is left, and what this month came to.
//! Credit is added on the operator's command line only: no key may top itself up.

use axum::{Json, extract::State};
use jiff::tz::TimeZone;
use offhook_model::{Timestamp, usage::format_amount};
use offhook_store::KindCost;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, auth::Caller, error::ApiError, period::Period};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(billing))
}

/// The balance, and the prices of the current calendar month's usage (UTC).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "enabled": true, "accountId": "acct_01", "balance": "24.45", "periodStart": "2025-01-01T00:00:00Z",
    "periodEnd": "2025-02-01T00:00:00Z", "total": "0.55",
    "charges": [{"kind": "voice_hosted", "unit": "second", "entries": 1, "quantity": 150, "amount": "0.55"}]
}))]
pub(crate) struct Billing {
    /// Whether a balance must cover what is used. Off: nothing is ever refused for it.
    enabled: bool,
    /// The account that pays; a sub-account's parent.
    account_id: String,
    /// What it has left; below zero when calls ran on. Null while billing is off.
    balance: Option<String>,
    /// First moment of the month.
    #[schema(value_type = String, format = DateTime)]
    period_start: Timestamp,
    /// First moment of the next.
    #[schema(value_type = String, format = DateTime)]
    period_end: Timestamp,
    /// What the month's usage of this account comes to, sub-accounts apart.
    total: String,
    /// The same by kind.
    charges: Vec<Charge>,
}

/// One kind of usage.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Charge {
    /// What for, e.g. `voice_hosted`, `message_sms`, `number_month`.
    #[schema(value_type = String)]
    kind: &'static str,
    /// `second`, `segment`, `month` or `item`.
    #[schema(value_type = String)]
    unit: &'static str,
    /// Rows of the ledger.
    entries: u64,
    /// Their quantities.
    quantity: i64,
    /// Their prices.
    amount: String,
}

impl From<&KindCost> for Charge {
    fn from(cost: &KindCost) -> Self {
        Self {
            kind: cost.kind.as_str(),
            unit: cost.kind.unit().as_str(),
            entries: cost.entries,
            quantity: cost.quantity,
            amount: format_amount(cost.amount_micros),
        }
    }
}

/// Shows the balance and the month's costs.
#[utoipa::path(
    get, path = "/offhook/v1/billing", tag = "billing", operation_id = "getBilling",
    responses((status = 200, body = Billing, description = "Balance and costs"))
)]
pub(crate) async fn billing(State(app): State<App>, caller: Caller) -> Result<Json<Billing>, ApiError> {
    let unknown = || ApiError::not_found("Account not found");
    let balance = app.store().balance(&caller.account).await?.ok_or_else(unknown)?;
    let (period_start, period_end) = Period::Month.around(app.now(), &TimeZone::UTC);
    let costs = app.store().usage_costs(&caller.account, period_start, period_end).await?;
    let enabled = app.settings().billing;
    Ok(Json(Billing {
        enabled,
        account_id: balance.account_id.to_string(),
        balance: enabled.then(|| format_amount(balance.micros)),
        period_start,
        period_end,
        total: format_amount(costs.iter().map(|cost| cost.amount_micros).fold(0, i64::saturating_add)),
        charges: costs.iter().map(Charge::from).collect(),
    }))
}
