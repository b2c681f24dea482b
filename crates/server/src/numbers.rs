//! Buying, searching and giving back numbers: the carrier and the store together.

pub mod lookup;
pub mod months;

use std::collections::HashSet;

use http::StatusCode;
use offhook_carriers::{AvailableNumber, CarrierError, NumberSearch};
use offhook_model::{
    Timestamp,
    e164::E164,
    id::{AccountId, AgentId, NumberId},
    number::{Number, NumberStatus, NumberType},
};
use offhook_store::{InsertNumberError, NumberTerms, Page, Release};
use serde::Serialize;

use crate::{
    api::v1::agents,
    app::App,
    auth,
    error::{ApiError, Chain, ErrorCode},
    idempotency::promise,
};

/// Candidates tried when other buyers are faster.
const CANDIDATES: usize = 8;

/// What to buy.
#[derive(Debug, Clone)]
pub struct Order {
    /// `US` or `CA`.
    pub country: String,
    /// Three digits; any when none.
    pub area_code: Option<String>,
    /// The agent to attach it to.
    pub agent_id: Option<AgentId>,
    /// Kind of line.
    pub kind: NumberType,
    /// As the buyer sent it.
    pub imessage_type: Option<String>,
    /// The buyer's reference.
    pub external_id: Option<String>,
    /// When it is released by itself.
    pub expires_at: Option<Timestamp>,
}

/// Buys a number for the account; `view` shows it as the request is answered.
///
/// # Errors
/// 402 where the balance does not cover a month; 404 for an unknown agent; 409 at the account's cap, without numbers in the
/// area code, or when other buyers took every candidate; 503 without any
/// numbers; 502 when the carrier fails.
pub async fn buy<V: Serialize>(
    app: &App,
    account: &AccountId,
    order: Order,
    view: impl Fn(Number) -> V + Clone + Send + Sync + 'static,
) -> Result<Number, ApiError> {
    if let Some(agent) = &order.agent_id {
        app.store().agent(account, agent).await?.ok_or_else(agents::unknown)?;
    }
    let cap = app.settings().limits.map(|limits| limits.numbers);
    let held = app.store().numbers(account, Page { limit: 1, offset: 0 }).await?.total;
    if let Some(cap) = cap
        && held >= u64::from(cap)
    {
        return Err(cap_reached(cap));
    }
    if app.settings().billing {
        let needed = app.settings().prices.number_month;
        let balance = app.store().balance(account).await?.map_or(0, |balance| balance.micros);
        if balance < needed {
            return Err(ApiError::insufficient_balance());
        }
    }
    let search = NumberSearch {
        country: Some(order.country.clone()),
        area_code: order.area_code.clone(),
        limit: CANDIDATES,
        ..NumberSearch::default()
    };
    for candidate in find(app, &search).await?? {
        app.store().about_to_act().await?;
        match app.carrier().buy(&candidate.number).await {
            Ok(()) => {}
            Err(CarrierError::Taken) => continue,
            Err(error) => return Err(error.into()),
        }
        let number = record(app, account, &order, candidate);
        promise(StatusCode::OK, {
            let (number, view) = (number.clone(), view.clone());
            move |refusal: &Option<InsertNumberError>| refusal.is_none().then(|| view(number.clone()))
        });
        match app.store().buy_number(&number, terms(app, &number, cap)).await {
            Ok(()) => {
                tracing::info!(number.id = %number.id, "number bought");
                if number.expires_at.is_some() {
                    app.number_ends().notify_one();
                }
                return Ok(number);
            }
            // Somebody of ours holds it: it must not be given back.
            Err(InsertNumberError::Taken) => {}
            Err(error) => {
                give_back(app, &number.phone_number).await;
                return Err(refusal(error, cap));
            }
        }
    }
    Err(match order.area_code {
        Some(code) => ApiError::conflict(format!("No numbers available in area code {code}")),
        None => ApiError::unavailable("No phone numbers are available").untouched(),
    })
}

/// Numbers for sale; none is an empty list.
///
/// # Errors
/// 502 when the carrier fails.
pub async fn available(app: &App, search: &NumberSearch) -> Result<Vec<AvailableNumber>, ApiError> {
    match find(app, search).await? {
        Ok(offers) => Ok(offers),
        Err(CarrierError::NoInventory { .. } | CarrierError::SoldOut) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Gives a number back.
///
/// # Errors
/// 404 unknown, 400 given back before, 502 when the carrier fails (then the
/// account keeps it).
pub async fn release(app: &App, account: &AccountId, id: &NumberId) -> Result<Number, ApiError> {
    let gone = || ApiError::bad_request("Phone number has already been released");
    let number = app.store().number(account, id).await?.ok_or_else(ApiError::number_not_found)?;
    if number.status == NumberStatus::Released {
        return Err(gone());
    }
    match give_up(app, &number).await? {
        Release::Released(number) => Ok(*number),
        Release::AlreadyReleased => Err(gone()),
        Release::Missing => Err(ApiError::number_not_found()),
    }
}

/// Gives a number back whose time is over by `now`. One that was given back,
/// or more time, in the meantime is left alone.
///
/// # Errors
/// 502 or 503 when the carrier or the store fails; the account keeps it then.
pub async fn release_expired(app: &App, number: &Number, now: Timestamp) -> Result<(), ApiError> {
    let Some(number) = app.store().number(&number.account_id, &number.id).await? else { return Ok(()) };
    let is_due = number.expires_at.is_some_and(|end| end <= now);
    if is_due && number.status == NumberStatus::Active {
        give_up(app, &number).await?;
    }
    Ok(())
}

/// The carrier first: a number the carrier keeps billing must stay visible.
async fn give_up(app: &App, number: &Number) -> Result<Release, ApiError> {
    app.carrier().release(&number.phone_number).await?;
    let release = app.store().release_number(&number.account_id, &number.id).await?;
    if matches!(release, Release::Released(_)) {
        tracing::info!(number.id = %number.id, "number released");
    }
    Ok(release)
}

/// What the carrier offers, numbers we hold already left out.
async fn find(
    app: &App,
    search: &NumberSearch,
) -> Result<Result<Vec<AvailableNumber>, CarrierError>, ApiError> {
    let area = search.area_code.as_deref();
    let edge = |digit: char| {
        let national: String = area.unwrap_or("").chars().chain(std::iter::repeat(digit)).take(10).collect();
        format!("+1{national}").parse::<E164>()
    };
    let (Ok(first), Ok(last)) = (edge('0'), edge('9')) else { return Ok(Ok(Vec::new())) };
    let held: HashSet<E164> = app.store().held_numbers(&first, &last).await?.into_iter().collect();
    let taken = |number: &E164| held.contains(number);
    Ok(app.carrier().search(search, &taken).await)
}

fn record(app: &App, account: &AccountId, order: &Order, bought: AvailableNumber) -> Number {
    let now = app.now();
    Number {
        id: NumberId::new(now, rand::random()),
        account_id: account.clone(),
        phone_number: bought.number,
        country: bought.country,
        status: NumberStatus::Active,
        kind: order.kind,
        imessage_type: order.imessage_type.clone(),
        agent_id: order.agent_id.clone(),
        attached_at: order.agent_id.as_ref().map(|_| now),
        external_id: order.external_id.clone(),
        expires_at: order.expires_at,
        whatsapp: None,
        created_at: now,
    }
}

/// What a new number must find, and what its first month costs.
fn terms(app: &App, number: &Number, limit: Option<u32>) -> NumberTerms {
    let begins = number.created_at;
    let entry = months::entry(app.settings(), number, begins, app.settings().prepaid());
    NumberTerms { limit, first_month: Some((entry, months::month_after(begins, begins))) }
}

/// Gives a number back that was bought and could not be stored.
pub(crate) async fn give_back(app: &App, number: &E164) {
    if let Err(error) = app.carrier().release(number).await {
        tracing::error!(error = %Chain(&error), "a number was bought but could be neither stored nor given back");
    }
}

fn refusal(error: InsertNumberError, cap: Option<u32>) -> ApiError {
    match error {
        InsertNumberError::LimitReached { held } => cap_reached(cap.unwrap_or(held)),
        InsertNumberError::AgentMissing => agents::unknown(),
        InsertNumberError::AccountMissing => auth::unknown_sub_account(),
        InsertNumberError::Taken => ApiError::conflict("The phone number was taken by another buyer"),
        InsertNumberError::InsufficientBalance { .. } => ApiError::insufficient_balance(),
        InsertNumberError::Store(error) => error.into(),
    }
}

fn cap_reached(cap: u32) -> ApiError {
    ApiError::new(ErrorCode::NumberLimit, format!("Phone number limit reached. Limit: {cap}"))
}
