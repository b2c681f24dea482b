//! What calls cost: the terms of a new one, the ledger entries of an ended one.

use offhook_model::{
    Timestamp,
    agent::{Agent, DenoisingMode},
    call::CallState,
    id::UsageId,
    usage::{LedgerEntry, UsageKind},
};
use offhook_store::{Call, CallService, CallTerms};

use super::{
    end::Closing,
    plan::{CallOptions, is_hosted},
};
use crate::{app::App, settings::Settings};

/// How a call of this agent is charged.
#[must_use]
pub fn service(agent: &Agent, options: &CallOptions) -> CallService {
    CallService {
        hosted: is_hosted(agent, options),
        aggressive_denoising: agent.settings.denoising_mode == DenoisingMode::NoiseAndBackgroundSpeech,
    }
}

/// What a new call must find: a free place, and where balances are kept the
/// least that a call costs. What it costs beyond is owed, so that nobody is
/// cut off in the middle of a sentence.
#[must_use]
pub fn terms(app: &App) -> CallTerms {
    let settings = app.settings();
    CallTerms {
        cap: settings.limits.map(|limits| limits.concurrent_calls),
        balance_micros: settings.billing.then_some(settings.prices.voice_minimum.max(1)),
    }
}

/// What an ended call costs: nothing without an answer.
#[must_use]
pub fn of_ended(settings: &Settings, call: &Call, closing: &Closing, is_recorded: bool) -> Vec<LedgerEntry> {
    if call.state != CallState::Answered {
        return Vec::new();
    }
    let seconds = i64::try_from(closing.talk_time.as_secs()).unwrap_or(i64::MAX);
    let entry = |kind: UsageKind, quantity: i64, subject: String| LedgerEntry {
        id: UsageId::new(closing.at, rand::random()),
        account_id: call.account_id.clone(),
        kind,
        quantity,
        amount_micros: settings.prices.amount(kind, quantity),
        agent_id: call.agent_id.clone(),
        number_id: call.number_id.clone(),
        subject,
        at: closing.at,
        payment: settings.owed(),
    };
    let mut entries = vec![entry(UsageKind::voice(call.service.hosted), seconds, call.id.to_string())];
    if call.service.aggressive_denoising {
        entries.push(entry(UsageKind::Denoising, seconds, call.id.to_string()));
    }
    if is_recorded {
        // Once per account and calendar month: the ledger knows a subject once.
        entries.push(entry(UsageKind::RecordingMonth, 1, month_of(closing.at)));
    }
    entries
}

/// `2025-01`, in UTC.
fn month_of(at: Timestamp) -> String {
    at.strftime("%Y-%m").to_string()
}
