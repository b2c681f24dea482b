//! Reports, the one end of every call, hanging up, waiting, lost calls.

use std::time::Duration;

use offhook_model::{
    call::EndReason,
    report::{CallReport, Ended, Role, WebhookExchange},
};
use offhook_server::calls::lost::{checkpoint, close_lost};
use serde_json::{Value, json};

use crate::harness::{World, on_both, turn};

on_both!(
    a_whole_call_is_told_as_it_was,
    there_is_exactly_one_call_ended_event,
    a_failed_dial_has_its_event_with_an_empty_transcript,
    without_a_webhook_there_is_no_event,
    turns_reported_twice_are_kept_once,
    exchanges_become_delivery_rows,
    ending_twice_is_a_conflict,
    ending_before_the_dialling_prevents_it,
    unknown_and_foreign_calls_are_not_found,
    a_waiting_get_answers_when_the_call_ends,
    a_waiting_get_gives_up_at_its_timeout,
    calls_of_a_dead_process_are_closed_with_their_event,
    a_lost_call_ends_and_is_charged_at_its_last_checkpoint,
    a_process_declared_dead_hangs_up_and_writes_nothing,
    deleting_the_agent_does_not_cut_the_call,
    a_call_that_is_over_is_hung_up_when_it_still_reports,
);

async fn a_whole_call_is_told_as_it_was(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    world.report(&call, CallReport::Ringing { at: world.app.now() }).await;
    world.answer(&call).await;
    world.say(&call, 0, Role::Agent, "Hello!").await;
    world.say(&call, 1, Role::User, "What are your hours?").await;
    world.say(&call, 2, Role::Agent, "Let me see.").await;
    world.say(&call, 3, Role::Agent, "Nine to\0 five.").await;
    let (_, running) = world.get(&format!("/v1/calls/{call}")).await;
    assert_eq!(running["status"], "in-progress");
    assert_eq!(running["lastTranscriptSnippet"], "Nine to five.");
    world.advance(Duration::from_secs(150));
    world.end(&call, EndReason::UserHangup).await;
    let (_, detail) = world.get(&format!("/v1/calls/{call}")).await;
    assert_eq!(detail["status"], "completed");
    assert_eq!(detail["durationSeconds"], 2, "rounded down");
    assert_eq!(detail["disconnectionReason"], "user_hangup");
    assert_eq!(detail["endedAt"], "2023-11-14T22:15:50Z");
    let rows = detail["transcripts"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["transcript"], &rows[0]["response"]), (&json!(""), &json!("Hello!")));
    assert_eq!(rows[1]["transcript"], "What are your hours?");
    assert_eq!(rows[1]["confidence"], 0.75);
    assert_eq!(rows[1]["response"], "Let me see. Nine to five.");
    assert!(rows[1]["id"].as_str().unwrap().starts_with("tr_"));
    let (_, transcript) = world.get(&format!("/v1/calls/{call}/transcript")).await;
    assert_eq!(transcript["data"], detail["transcripts"]);
    let flat = transcript["transcript"].as_array().unwrap();
    let words: Vec<_> = flat.iter().map(|turn| turn["content"].as_str().unwrap()).collect();
    assert_eq!(words, ["Hello!", "What are your hours?", "Let me see.", "Nine to five."]);
    assert_eq!(flat[0]["role"], "agent");
    assert_eq!(transcript["callId"], call.as_str());
}

async fn there_is_exactly_one_call_ended_event(world: World) {
    let (agent, number) = world.hosted().await;
    world.webhook(Some(&agent.id), "https://example.com/").await;
    let call = world.inbound(&number).await;
    world.answer(&call).await;
    world.say(&call, 0, Role::Agent, "Hello!").await;
    for reason in [EndReason::AgentHangup, EndReason::UserHangup, EndReason::Error] {
        world.end(&call, reason).await;
    }
    let events = world.deliveries().await;
    assert_eq!(events.len(), 1);
    let event = &events[0].event;
    assert_eq!(event.event_type, "agent.call_ended");
    assert_eq!(event.target.as_ref(), Some(&agent.id));
    assert_eq!(event.subject_id.as_deref(), Some(call.as_str()));
    let body: Value = serde_json::from_str(&event.body).unwrap();
    assert_eq!(
        body,
        json!({
            "event": "agent.call_ended", "channel": "voice", "timestamp": "2023-11-14T22:13:20Z",
            "agentId": agent.id,
            "data": {
                "callId": call, "numberId": number.id, "from": "+14155550777", "to": number.phone_number,
                "contact": null, "direction": "inbound", "status": "completed",
                "startedAt": "2023-11-14T22:13:20Z", "endedAt": "2023-11-14T22:13:20Z", "durationSeconds": 2,
                "disconnectionReason": "agent_hangup",
                "transcript": [{"role": "agent", "content": "Hello!"}],
                "summary": null, "userSentiment": null, "callSuccessful": null,
            },
            "conversationState": null, "recentHistory": [],
        })
    );
}

async fn a_failed_dial_has_its_event_with_an_empty_transcript(world: World) {
    let (agent, _) = world.hosted().await;
    world.webhook(None, "https://example.com/").await;
    let call = world.dial(&agent).await;
    let ended = Ended {
        reason: EndReason::DialBusy,
        at: world.app.now(),
        talk_time: Duration::ZERO,
        recording: None,
    };
    world.report(&call, CallReport::Ended(ended)).await;
    let (_, busy) = world.get("/v1/calls?status=busy").await;
    assert_eq!(busy["data"][0]["id"], call.as_str());
    assert_eq!(busy["data"][0]["status"], "failed");
    let events = world.deliveries().await;
    let body: Value = serde_json::from_str(&events[0].event.body).unwrap();
    assert_eq!(body["data"]["transcript"], json!([]));
    assert_eq!(body["data"]["disconnectionReason"], "dial_busy");
    assert_eq!(events[0].event.target, None, "the account's webhook");
}

async fn without_a_webhook_there_is_no_event(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    world.end(&call, EndReason::CallerCancelled).await;
    assert!(world.deliveries().await.is_empty());
}

async fn turns_reported_twice_are_kept_once(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    world.say(&call, 0, Role::Agent, "one").await;
    world.say(&call, 0, Role::Agent, "one").await;
    world.say(&call, 1, Role::User, "two").await;
    assert_eq!(world.store().turns(&world.account, &call).await.unwrap().len(), 2);
}

async fn exchanges_become_delivery_rows(world: World) {
    let (agent, number) = world.agent(|_| {}).await;
    world.webhook(Some(&agent.id), "https://example.com/").await;
    let call = world.inbound(&number).await;
    let exchange = |http_status, error: Option<&str>| WebhookExchange {
        delivery_id: uuid::Uuid::new_v4().to_string(),
        request_body: "{}".into(),
        http_status,
        error: error.map(str::to_owned),
        response_body: Some("x".into()),
        at: world.app.now(),
        took: Duration::from_millis(112),
    };
    let good = exchange(Some(200), None);
    world.report(&call, CallReport::Exchange(good.clone())).await;
    world.report(&call, CallReport::Exchange(good)).await;
    world.report(&call, CallReport::Exchange(exchange(None, Some("timeout after 30s")))).await;
    let (_, rows) = world.get(&format!("/v1/agents/{}/webhook/deliveries", agent.id)).await;
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let row = rows.iter().find(|row| row["status"] == "success").unwrap();
    assert_eq!((&row["channel"], &row["messageId"]), (&json!("voice"), &json!(call)));
    assert!(rows.iter().any(|row| row["errorMessage"] == "timeout after 30s" && row["status"] == "failed"));
}

async fn ending_twice_is_a_conflict(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    let path = format!("/v1/calls/{call}/end");
    let (status, _, ending) = world.request("POST", &path, None).await;
    assert_eq!((status.as_u16(), &ending["status"]), (200, &json!("ending")));
    assert_eq!(ending["id"], call.as_str());
    assert_eq!(world.request("POST", &path, None).await.0, 409);
    world.until(|| !world.phone.hung_up.lock().unwrap().is_empty()).await;
    assert_eq!(world.phone.hung_up.lock().unwrap()[..], [(call.clone(), EndReason::ApiHangup)]);
    world.end(&call, EndReason::ApiHangup).await;
    assert_eq!(world.request("POST", &path, None).await.0, 409);
}

async fn ending_before_the_dialling_prevents_it(world: World) {
    let (agent, _) = world.hosted().await;
    world.webhook(None, "https://example.com/").await;
    let body = json!({"agentId": agent.id, "toNumber": "+14155559999"});
    let (_, call) = world.post("/v1/calls", body).await;
    let id = call["id"].as_str().unwrap();
    assert_eq!(world.request("POST", &format!("/v1/calls/{id}/end"), None).await.0, 200);
    world
        .until(|| world.app.calls().live.count() == 0 || !world.phone.hung_up.lock().unwrap().is_empty())
        .await;
    if world.phone.dialled.lock().unwrap().is_empty() {
        let ended = world.until_status(&id.into(), "failed").await;
        assert_eq!(ended["disconnectionReason"], "api_hangup");
        assert_eq!(world.deliveries().await.len(), 1);
    } else {
        assert_eq!(world.phone.hung_up.lock().unwrap()[0].0.as_str(), id);
    }
}

async fn unknown_and_foreign_calls_are_not_found(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    let stranger = world.stranger().await;
    for id in [call.as_str(), "call_nobody", "x", "%00", "%F0%9F%98%80"] {
        for (method, rest) in [
            ("GET", ""),
            ("GET", "?wait=true"),
            ("POST", "/end"),
            ("GET", "/transcript"),
            ("GET", "/transcript/stream"),
        ] {
            let (status, _, body) =
                world.request_as(&stranger, method, &format!("/v1/calls/{id}{rest}"), None).await;
            assert_eq!(status, 404, "{method} {id}{rest}");
            assert!(body["detail"].is_string());
        }
    }
    assert_eq!(world.get(&format!("/v1/calls/{call}")).await.0, 200);
    assert_eq!(world.request_as("sk_live_wrong", "GET", "/v1/calls", None).await.0, 401);
}

async fn a_waiting_get_answers_when_the_call_ends(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    let path = format!("/v1/calls/{call}?wait=true&timeout=300");
    let waiting = world.get(&path);
    let ending = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.say(&call, 0, Role::User, "still here").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.end(&call, EndReason::UserHangup).await;
    };
    let ((status, body), ()) = tokio::join!(waiting, ending);
    assert_eq!((status.as_u16(), &body["status"]), (200, &json!("failed")), "it was never answered");
    let (_, at_once) = world.get(&path).await;
    assert_eq!(at_once["status"], "failed");
}

async fn a_waiting_get_gives_up_at_its_timeout(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    for bad in ["9", "301", "soon"] {
        assert_eq!(world.get(&format!("/v1/calls/{call}?wait=true&timeout={bad}")).await.0, 422);
    }
    let path = format!("/v1/calls/{call}?wait=1&timeout=10");
    let waiting = world.get(&path);
    let passing = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(4)).await;
            tokio::time::resume();
        }
    };
    let ((status, body), ()) = tokio::join!(waiting, passing);
    assert_eq!((status.as_u16(), &body["status"]), (200, &json!("in-progress")));
}

async fn calls_of_a_dead_process_are_closed_with_their_event(world: World) {
    let (agent, number) = world.hosted().await;
    world.webhook(Some(&agent.id), "https://example.com/").await;
    let talked = world.inbound(&number).await;
    world.answer(&talked).await;
    world.report(&talked, CallReport::Turn(turn(7, Role::Agent, "Hello!"))).await;
    let queued = world.dial(&agent).await;
    world.advance(Duration::from_secs(600));
    let next = world.restarted().await;
    assert_eq!(close_lost(&next, next.now()).await.unwrap(), 2);
    assert_eq!(close_lost(&next, next.now()).await.unwrap(), 0);
    let (_, call) = world.get(&format!("/v1/calls/{talked}")).await;
    assert_eq!((&call["status"], &call["disconnectionReason"]), (&json!("failed"), &json!("node_lost")));
    assert_eq!(call["durationSeconds"], 7, "to its last sign of life");
    let (_, call) = world.get(&format!("/v1/calls/{queued}")).await;
    assert_eq!((&call["status"], &call["durationSeconds"]), (&json!("failed"), &json!(0)));
    assert_eq!(world.deliveries().await.len(), 2);
    // The old process, had it only been slow, changes nothing any more.
    world.end(&talked, EndReason::UserHangup).await;
    assert_eq!(world.deliveries().await.len(), 2);
    assert_eq!(world.app.calls().live.count(), 1, "the dialled one, of which no report has come");
}

async fn a_lost_call_ends_and_is_charged_at_its_last_checkpoint(world: World) {
    let (_, number) = world.hosted().await;
    let (early, late) = (world.inbound(&number).await, world.inbound(&number).await);
    for call in [&early, &late] {
        world.answer(call).await;
        world.say(call, 0, Role::Agent, "Hello!").await;
    }
    world.advance(Duration::from_secs(60));
    assert_eq!(checkpoint(&world.app).await.unwrap(), 0);
    // Over in the engine, but its end is not stored yet: it goes no further.
    world.app.calls().live.over(&early);
    world.advance(Duration::from_secs(60));
    assert_eq!(checkpoint(&world.app).await.unwrap(), 0);
    world.advance(Duration::from_secs(600));

    let next = world.restarted().await;
    assert_eq!(close_lost(&next, next.now()).await.unwrap(), 2);
    for (call, seconds, ended) in [(early, 60, "2023-11-14T22:14:20Z"), (late, 120, "2023-11-14T22:15:20Z")] {
        let (_, detail) = world.get(&format!("/v1/calls/{call}")).await;
        assert_eq!(detail["disconnectionReason"], "node_lost");
        assert_eq!((&detail["durationSeconds"], &detail["endedAt"]), (&json!(seconds), &json!(ended)));
    }
    let (_, usage) = world.get("/v1/usage").await;
    assert_eq!(usage["stats"]["totalCalls"], 2, "{usage:#}");
}

async fn a_process_declared_dead_hangs_up_and_writes_nothing(world: World) {
    let (agent, number) = world.hosted().await;
    world.webhook(Some(&agent.id), "https://example.com/").await;
    let next = world.restarted().await;
    let exchange = || WebhookExchange {
        delivery_id: uuid::Uuid::new_v4().to_string(),
        request_body: "{}".into(),
        http_status: Some(200),
        error: None,
        response_body: None,
        at: world.app.now(),
        took: Duration::from_millis(1),
    };
    // Each kind of write finds out by itself.
    let ringing = CallReport::Ringing { at: world.app.now() };
    for late in [ringing, CallReport::Turn(turn(1, Role::User, "Hello?")), CallReport::Exchange(exchange())] {
        let call = world.inbound(&number).await;
        world.say(&call, 0, Role::Agent, "Hello!").await;
        assert_eq!(close_lost(&next, next.now()).await.unwrap(), 1);
        let told = world.deliveries().await.len();
        world.report(&call, late).await;
        assert_eq!(world.phone.hung_up.lock().unwrap().last(), Some(&(call.clone(), EndReason::NodeLost)));
        world.end(&call, EndReason::UserHangup).await;
        let (_, detail) = world.get(&format!("/v1/calls/{call}")).await;
        assert_eq!(
            (&detail["status"], &detail["disconnectionReason"]),
            (&json!("failed"), &json!("node_lost"))
        );
        assert_eq!(world.store().turns(&world.account, &call).await.unwrap().len(), 1);
        assert_eq!(world.deliveries().await.len(), told, "nothing was told after the end");
    }
    // So does the next sign of life of a call that says nothing.
    let (lost, kept) = (world.inbound(&number).await, world.inbound(&number).await);
    assert_eq!(close_lost(&next, next.now()).await.unwrap(), 2);
    assert_eq!(checkpoint(&world.app).await.unwrap(), 2);
    let hung_up: Vec<_> = world.phone.hung_up.lock().unwrap().iter().map(|(call, _)| call.clone()).collect();
    assert!(hung_up.contains(&lost) && hung_up.contains(&kept));
    assert_eq!(world.app.calls().live.count(), 0);
}

async fn deleting_the_agent_does_not_cut_the_call(world: World) {
    let (agent, number) = world.hosted().await;
    world.webhook(None, "https://example.com/").await;
    let call = world.inbound(&number).await;
    assert_eq!(world.request("DELETE", &format!("/v1/agents/{}", agent.id), None).await.0, 200);
    world.answer(&call).await;
    world.end(&call, EndReason::UserHangup).await;
    let (_, ended) = world.get(&format!("/v1/calls/{call}")).await;
    assert_eq!((&ended["status"], &ended["agentId"]), (&json!("completed"), &json!(null)));
    assert_eq!(ended["agentName"], "Ada");
    assert_eq!(world.deliveries().await.len(), 1);
}

async fn a_call_that_is_over_is_hung_up_when_it_still_reports(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    world.end(&call, EndReason::UserHangup).await;
    world.say(&call, 0, Role::Agent, "Is somebody there?").await;
    assert_eq!(world.phone.hung_up.lock().unwrap().len(), 1);
    assert!(world.store().turns(&world.account, &call).await.unwrap().is_empty());
}
