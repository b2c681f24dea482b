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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use offhook_model::{
        call::{Direction, EndReason},
        usage::Payment,
    };

    use super::*;

    fn call(state: CallState, service: CallService) -> Call {
        Call {
            id: "call_1".into(),
            account_id: "acct_1".into(),
            agent_id: Some("agt_1".into()),
            agent_name: None,
            number_id: None,
            phone_number: None,
            from: String::new(),
            to: String::new(),
            direction: Direction::Outbound,
            state,
            started_at: Timestamp::UNIX_EPOCH,
            answered_at: None,
            ended_at: None,
            talk_time: None,
            metadata: None,
            service,
            recording_disabled: false,
            recording: None,
            owner: String::new(),
            checkpoint_at: None,
        }
    }

    fn charged(
        state: CallState,
        service: CallService,
        is_recorded: bool,
        settings: &Settings,
    ) -> Vec<(UsageKind, i64, i64, String)> {
        let closing = Closing {
            reason: EndReason::Error,
            at: "2025-01-31T23:59:59Z".parse().unwrap(),
            talk_time: Duration::from_millis(61_999),
            recorded: is_recorded,
        };
        of_ended(settings, &call(state, service), &closing, is_recorded)
            .into_iter()
            .map(|entry| (entry.kind, entry.quantity, entry.amount_micros, entry.subject))
            .collect()
    }

    #[test]
    fn an_answered_call_is_charged_whatever_ended_it() {
        let settings = Settings::default();
        let plain = CallService::default();
        assert_eq!(
            charged(CallState::Answered, plain, false, &settings),
            [(UsageKind::VoiceWebhook, 61, 132_167, "call_1".to_owned())]
        );
        let full = CallService { hosted: true, aggressive_denoising: true };
        assert_eq!(
            charged(CallState::Answered, full, true, &settings),
            [
                (UsageKind::VoiceHosted, 61, 223_667, "call_1".to_owned()),
                (UsageKind::Denoising, 61, 5_083, "call_1".to_owned()),
                (UsageKind::RecordingMonth, 1, 5_000_000, "2025-01".to_owned()),
            ]
        );
        for state in [CallState::Queued, CallState::Dialing, CallState::Ringing] {
            assert_eq!(charged(state, full, true, &settings), []);
        }
    }

    #[test]
    fn the_end_of_a_call_is_owed_where_balances_are_kept() {
        let closing = Closing::unanswered(EndReason::UserHangup, Timestamp::UNIX_EPOCH);
        let answered = call(CallState::Answered, CallService::default());
        for (billing, payment) in [(false, Payment::Metered), (true, Payment::Owed)] {
            let settings = Settings { billing, ..Settings::default() };
            assert_eq!(of_ended(&settings, &answered, &closing, false)[0].payment, payment);
        }
    }
}
