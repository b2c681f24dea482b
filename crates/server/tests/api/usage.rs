//! The usage routes, from the ledger to the numbers shown.

use std::time::Duration;

use http::Request;
use offhook_model::{
    agent::{DenoisingMode, VoiceMode},
    call::{CallState, Direction, EndReason},
    id::{AccountId, AgentId, CallId, NumberId, UsageId},
    usage::{LedgerEntry, UsageKind},
};
use offhook_server::calls::{
    charges,
    end::{Closing, close},
    plan::CallOptions,
};
use offhook_store::{Call, CallService};
use serde_json::{Value, json};

use crate::world::{World, on_both};

/// A call of this service, answered and ended after so many seconds; none
/// answers it when that is none.
pub(crate) async fn a_call(
    world: &World,
    account: &AccountId,
    agent: Option<&str>,
    service: CallService,
    seconds: Option<u64>,
) -> CallId {
    let now = world.app.now();
    let call = Call {
        id: CallId::new(now, rand::random()),
        account_id: account.clone(),
        agent_id: agent.map(AgentId::from),
        agent_name: None,
        number_id: Some(NumberId::from("num_1")),
        phone_number: None,
        from: "+14155550100".into(),
        to: "+14155550101".into(),
        direction: Direction::Inbound,
        state: CallState::Dialing,
        started_at: now,
        answered_at: None,
        ended_at: None,
        talk_time: None,
        metadata: None,
        service,
        recording_disabled: false,
        recording: None,
        owner: world.app.calls().incarnation.clone(),
        checkpoint_at: None,
    };
    let store = world.app.store();
    store.insert_call(&call, None).await.unwrap();
    let reason = if seconds.is_some() { EndReason::UserHangup } else { EndReason::DialBusy };
    if seconds.is_some() {
        store.transition_call(&call.owner, account, &call.id, CallState::Answered, now).await.unwrap();
    }
    let closing = Closing {
        reason,
        at: now,
        talk_time: Duration::from_millis(seconds.unwrap_or(0) * 1000 + 999),
        recorded: false,
    };
    assert!(close(&world.app, account, &call.id, closing).await.unwrap());
    call.id
}

pub(crate) async fn a_text(world: &World, agent: Option<&str>, number: &str, channel: &str, segments: i64) {
    let now = world.app.now();
    let kind = UsageKind::message(channel).unwrap();
    let settings = world.app.settings();
    let entry = LedgerEntry {
        id: UsageId::new(now, rand::random()),
        account_id: world.account.clone(),
        kind,
        quantity: segments,
        amount_micros: settings.prices.amount(kind, segments),
        agent_id: agent.map(AgentId::from),
        number_id: Some(NumberId::from(number)),
        subject: format!("msg_{:032x}", rand::random::<u128>()),
        at: now,
        payment: settings.prepaid(),
    };
    let _recorded = world.app.store().charge(entry).await.unwrap();
}

const WEBHOOK: CallService = CallService { hosted: false, aggressive_denoising: false };

on_both! {
    async fn a_new_account_has_a_plan_and_zeros(world) {
        let mut usage = world.get("/v1/usage").await.ok();
        assert!(usage["reportGeneratedAt"].as_str().unwrap().starts_with("2025-01-15T10:30:0"));
        usage["reportGeneratedAt"] = Value::Null;
        assert_eq!(usage, json!({
            "plan": {"name": "payg", "limits": {"numbers": 10, "messagesPerMonth": 1_000_000,
                "voiceMinutesPerMonth": 1_000_000, "maxCallDurationMinutes": 30, "concurrentCalls": 5}},
            "numbers": {"used": 0, "limit": 10, "remaining": 10},
            "stats": {"totalMessages": 0, "messagesLast24h": 0, "messagesLast7d": 0, "messagesLast30d": 0,
                "smsSegmentsLast30d": 0, "totalCalls": 0, "callsLast24h": 0, "callsLast7d": 0, "callsLast30d": 0,
                "totalWebhookDeliveries": 0, "successfulWebhookDeliveries": 0, "failedWebhookDeliveries": 0},
            "periodStart": "2025-01-01T00:00:00Z", "periodEnd": "2025-02-01T00:00:00Z",
            "reportGeneratedAt": null,
        }));
    }

    async fn windows_slide_and_totals_stay(world) {
        world.number().await;
        a_text(&world, None, "num_1", "sms", 3).await;
        a_text(&world, None, "num_1", "imessage", 1).await;
        a_call(&world, &world.account, None, WEBHOOK, None).await;
        let day = Duration::from_secs(24 * 3600);
        let short = Duration::from_secs(60);
        for (wait, last_day, last_week, last_month) in
            [(day - short, 1, 1, 1), (2 * short, 0, 1, 1), (6 * day - 2 * short, 0, 1, 1), (2 * short, 0, 0, 1), (23 * day - 2 * short, 0, 0, 1), (2 * short, 0, 0, 0)]
        {
            world.advance(wait);
            let usage = world.get("/v1/usage").await.ok();
            let stats = &usage["stats"];
            assert_eq!(usage["numbers"], json!({"used": 1, "limit": 10, "remaining": 9}));
            assert_eq!((&stats["totalMessages"], &stats["totalCalls"]), (&json!(2), &json!(1)));
            for (suffix, factor) in [("24h", last_day), ("7d", last_week), ("30d", last_month)] {
                assert_eq!(stats[format!("messagesLast{suffix}")], 2 * factor, "{suffix}");
                assert_eq!(stats[format!("callsLast{suffix}")], factor, "{suffix}");
            }
            assert_eq!(stats["smsSegmentsLast30d"], 3 * last_month);
        }
    }

    async fn series_have_a_row_for_every_day_and_month(world) {
        a_call(&world, &world.account, None, WEBHOOK, Some(150)).await;
        a_text(&world, None, "num_1", "sms", 1).await;
        world.advance(Duration::from_secs(24 * 3600));
        a_text(&world, None, "num_1", "mms", 1).await;
        let daily = world.get("/v1/usage/daily").await.ok();
        assert_eq!((&daily["days"], daily["data"].as_array().unwrap().len()), (&json!(30), 30));
        assert_eq!(daily["data"][0], json!({"date": "2024-12-18", "messages": 0, "calls": 0, "webhooks": 0, "voiceMinutes": 0.0}));
        assert_eq!(daily["data"][28], json!({"date": "2025-01-15", "messages": 1, "calls": 1, "webhooks": 0, "voiceMinutes": 2.5}));
        assert_eq!(daily["data"][29], json!({"date": "2025-01-16", "messages": 1, "calls": 0, "webhooks": 0, "voiceMinutes": 0.0}));
        assert_eq!(world.get("/v1/usage/daily?days=1").await.ok(), json!({"data": [daily["data"][29]], "days": 1}));
        assert_eq!(world.get("/v1/usage/daily?days=365").await.ok()["data"].as_array().unwrap().len(), 365);
        let monthly = world.get("/v1/usage/monthly").await.ok();
        assert_eq!((&monthly["months"], monthly["data"].as_array().unwrap().len()), (&json!(6), 6));
        assert_eq!(monthly["data"][0]["month"], "2024-08");
        assert_eq!(monthly["data"][5], json!({"month": "2025-01", "messages": 2, "calls": 1, "webhooks": 0, "voiceMinutes": 2.5}));
        assert_eq!(world.get("/v1/usage/monthly?months=24").await.ok()["data"].as_array().unwrap().len(), 24);
    }

    async fn days_begin_where_the_zone_says(world) {
        // 10:30 UTC is 00:15 of the next day on the Chatham Islands, in summer.
        a_text(&world, None, "num_1", "sms", 1).await;
        for (tz, date) in [("UTC", "2025-01-15"), ("Pacific%2FChatham", "2025-01-16"), ("Pacific%2FHonolulu", "2025-01-15"), ("Asia%2FKathmandu", "2025-01-15")] {
            let daily = world.get(&format!("/v1/usage/daily?days=2&tz={tz}")).await.ok();
            let day = daily["data"].as_array().unwrap().iter().find(|day| day["messages"] == 1).unwrap();
            assert_eq!(day["date"], date, "{tz}");
        }
        world.advance(Duration::from_secs(17 * 24 * 3600));
        let monthly = world.get("/v1/usage/monthly?months=2&tz=America%2FSt_Johns").await.ok();
        assert_eq!(monthly["data"][0]["messages"], 1);
    }

    async fn what_cannot_be_asked_for_is_a_fault(world) {
        for (path, field, kind) in [
            ("daily?days=0", "days", "greater_than_equal"),
            ("daily?days=366", "days", "less_than_equal"),
            ("daily?days=x", "days", "int_parsing"),
            ("daily?tz=Mars%2FPhobos", "tz", "value_error"),
            ("monthly?months=0", "months", "greater_than_equal"),
            ("monthly?months=25", "months", "less_than_equal"),
            ("monthly?tz=x", "tz", "value_error"),
            ("by-agent?period=decade", "period", "literal_error"),
            ("by-agent?period=week&tz=Nowhere", "tz", "value_error"),
        ] {
            world.get(&format!("/v1/usage/{path}")).await.fault(&format!("query.{field}"), kind);
        }
        for path in ["daily?days=&tz=", "monthly?months=1", "by-agent?period=year&tz=Europe%2FBerlin"] {
            world.get(&format!("/v1/usage/{path}")).await.ok();
        }
    }

    async fn agents_are_counted_by_completed_calls(world) {
        let (busy, gone) = (world.agent("Busy").await, world.agent("Gone").await);
        for seconds in [Some(150), Some(10), None] {
            a_call(&world, &world.account, Some(&busy), WEBHOOK, seconds).await;
        }
        a_text(&world, Some(&gone), "num_1", "sms", 1).await;
        world.delete(&format!("/v1/agents/{gone}")).await.ok();
        a_call(&world, &world.account, None, WEBHOOK, Some(1)).await;
        let row = |id: Option<&str>, name: &str, numbers: (u64, u64, u64), is_orphan: bool| json!({
            "agentId": id, "agentName": name, "messages": numbers.0, "calls": numbers.1,
            "totalSeconds": numbers.2, "isOrphan": is_orphan,
        });
        let expected = json!({
            "data": [row(Some(&busy), "Busy", (0, 2, 160), false), row(Some(&gone), "Gone", (1, 0, 0), true), row(None, "Unassigned", (0, 1, 1), true)],
            "period": "month", "periodStart": "2025-01-01T00:00:00Z", "periodEnd": "2025-02-01T00:00:00Z",
        });
        assert_eq!(world.get("/v1/usage/by-agent").await.ok(), expected);
        let week = world.get("/v1/usage/by-agent?period=week&tz=Asia%2FTokyo").await.ok();
        assert_eq!((&week["data"], &week["periodStart"]), (&expected["data"], &json!("2025-01-12T15:00:00Z")));
        world.advance(Duration::from_secs(31 * 24 * 3600));
        let later = world.get("/v1/usage/by-agent?period=month").await.ok();
        assert_eq!(later["data"], json!([row(Some(&busy), "Busy", (0, 0, 0), false)]));
    }

    async fn numbers_are_counted_of_all_time(world) {
        let agent = world.agent("Support Bot").await;
        let body = json!({"areaCode": "415", "agentId": agent});
        let number = world.post("/v1/numbers", body).await.ok();
        a_text(&world, Some(&agent), number["id"].as_str().unwrap(), "sms", 2).await;
        world.advance(Duration::from_secs(400 * 24 * 3600));
        assert_eq!(world.get("/v1/usage/by-number").await.ok(), json!({"data": [{
            "numberId": number["id"], "phoneNumber": number["phoneNumber"], "country": "US", "status": "active",
            "agentId": agent, "agentName": "Support Bot", "messages": 1, "calls": 0,
        }]}));
    }

    async fn a_sub_accounts_usage_is_its_own(world) {
        let (child, _) = world.add_account(Some(&world.account)).await;
        a_call(&world, &child, None, WEBHOOK, Some(60)).await;
        let usage = async |sub: Option<&AccountId>| {
            let mut request = Request::get("/v1/usage").header("authorization", format!("Bearer {}", world.key));
            if let Some(sub) = sub {
                request = request.header("x-sub-account-id", sub.as_str());
            }
            world.send(request.body(axum::body::Body::empty()).unwrap()).await.ok()
        };
        assert_eq!(usage(Some(&child)).await["stats"]["totalCalls"], 1);
        assert_eq!(usage(None).await["stats"]["totalCalls"], 0);
    }

    async fn a_calls_service_is_fixed_when_it_begins(world) {
        let id = world.agent("A").await;
        let mut agent = world.app.store().agent(&world.account, &id.as_str().into()).await.unwrap().unwrap();
        assert_eq!(charges::service(&agent, &CallOptions::default()), WEBHOOK);
        agent.settings.denoising_mode = DenoisingMode::NoiseAndBackgroundSpeech;
        let prompted = CallOptions { system_prompt: Some("Be brief.".into()), ..CallOptions::default() };
        assert_eq!(charges::service(&agent, &prompted), CallService { hosted: true, aggressive_denoising: true });
        agent.settings.voice_mode = VoiceMode::Hosted;
        assert!(charges::service(&agent, &CallOptions::default()).hosted);
    }
}
