//! `POST /v1/calls`.

use offhook_model::{
    agent::VoiceMode,
    plan::{BrainPlan, Greeting},
};
use serde_json::json;

use crate::harness::{World, on_both};

on_both!(
    a_call_is_stored_before_it_is_dialled,
    the_first_attached_number_calls_unless_another_is_named,
    refusals_have_their_statuses,
    call_fields_have_limits_on_both_sides,
    emergency_numbers_are_forbidden_in_any_spelling,
    a_prompt_makes_any_agent_hosted,
    variables_reach_greeting_and_prompt,
    parallel_creates_never_exceed_the_cap,
    our_own_numbers_are_called_through_our_own_address,
    an_engine_that_refuses_fails_the_call,
    waiting_for_completion_returns_the_ended_call,
    a_handset_is_called_where_it_registered,
);

async fn a_call_is_stored_before_it_is_dialled(world: World) {
    let (agent, number) = world.hosted().await;
    let (status, call) =
        world.post("/v1/calls", json!({"agentId": agent.id, "toNumber": "+14155559999"})).await;
    assert_eq!(status, 200, "{call}");
    assert_eq!(call["status"], "in-progress");
    assert_eq!(call["direction"], "outbound");
    assert_eq!(call["type"], "pstn");
    assert_eq!(call["fromNumber"], number.phone_number.as_str());
    assert_eq!(call["toNumber"], "+14155559999");
    assert_eq!(call["phoneNumberId"], number.id.as_str());
    assert_eq!(call["transcripts"], json!([]));
    assert_eq!(call["durationSeconds"], json!(null));
    assert_eq!(call["endedAt"], json!(null));
    assert_eq!(call["retellCallId"], json!(null));
    let (_, again) = world.get(&format!("/v1/calls/{}", call["id"].as_str().unwrap())).await;
    assert_eq!(again, call, "GET right after POST returns the same object");
    world.until(|| world.phone.dialled.lock().unwrap().len() == 1).await;
    let dialled = world.phone.dialled.lock().unwrap();
    assert_eq!(dialled[0].0.call_id.as_str(), call["id"]);
    assert_eq!(dialled[0].1[0].uri, "sip:+14155559999@trunk.example");
    assert_eq!(dialled[0].1[0].caller_id, number.phone_number.as_str());
    assert!(dialled[0].0.recording.as_ref().unwrap().ends_with(format!("{}.wav", dialled[0].0.call_id)));
}

async fn the_first_attached_number_calls_unless_another_is_named(world: World) {
    let (agent, first) = world.hosted().await;
    let second = world.number(Some(&agent.id)).await;
    let loose = world.number(None).await;
    let body =
        |from: Option<&str>| json!({"agent_id": agent.id, "to_number": "+14155559999", "fromNumberId": from});
    let (_, call) = world.post("/v1/calls", body(None)).await;
    assert_eq!(call["phoneNumberId"], first.id.as_str());
    let (_, call) = world.post("/v1/calls", body(Some(second.id.as_str()))).await;
    assert_eq!(call["phoneNumberId"], second.id.as_str());
    assert_eq!(world.post("/v1/calls", body(Some(loose.id.as_str()))).await.0, 400);
    assert_eq!(world.post("/v1/calls", body(Some("num_nobody"))).await.0, 404);
}

async fn refusals_have_their_statuses(world: World) {
    let (hosted, _) = world.hosted().await;
    let numberless = world.bare_agent(|settings| {
        settings.voice_mode = VoiceMode::Hosted;
        settings.system_prompt = Some("x".into());
    });
    let numberless = numberless.await;
    let (silent, _) = world.agent(|_| {}).await;
    let ok = "+14155559999";
    for (body, expected) in [
        (json!({}), 422),
        (json!({"agentId": hosted.id, "toNumber": "4155559999"}), 422),
        (json!({"agentId": hosted.id, "toNumber": "bob"}), 422),
        (json!({"agentId": hosted.id, "toNumber": 7}), 422),
        (json!({"agentId": hosted.id, "toNumber": ok, "variables": {"a": 1}}), 422),
        (json!({"agentId": hosted.id, "toNumber": ok, "maxWaitSeconds": 9}), 422),
        (json!({"agentId": hosted.id, "toNumber": ok, "modelTier": "huge"}), 422),
        (json!({"agentId": hosted.id, "toNumber": ok, "callScreeningIdentity": "x".repeat(101)}), 422),
        (json!({"agentId": "agt_nobody", "toNumber": ok}), 404),
        (json!({"agentId": numberless.id, "toNumber": ok}), 400),
        (json!({"agentId": silent.id, "toNumber": ok}), 400),
    ] {
        let (status, answer) = world.post("/v1/calls", body.clone()).await;
        assert_eq!(status, expected, "{body} {answer}");
        assert!(answer["error"]["message"].is_string());
    }
    let stranger = world.stranger().await;
    let body = json!({"agentId": hosted.id, "toNumber": ok});
    assert_eq!(world.request_as(&stranger, "POST", "/v1/calls", Some(body)).await.0, 404);
    assert!(world.phone.dialled.lock().unwrap().is_empty());
    assert_eq!(world.get("/v1/calls").await.1["total"], 0);
}

async fn call_fields_have_limits_on_both_sides(world: World) {
    let (agent, _) = world.hosted().await;
    // Every call fails at once: none holds a place.
    *world.phone.refuses.lock().unwrap() = true;
    for (field, good, bad) in [
        ("callScreeningIdentity", json!("é".repeat(100)), json!("é".repeat(101))),
        ("callScreeningPurpose", json!("é".repeat(300)), json!("é".repeat(301))),
        ("maxWaitSeconds", json!(10), json!(9)),
        ("maxWaitSeconds", json!(600), json!(601)),
        ("modelTier", json!("turbo"), json!("Turbo")),
        ("disableRecording", json!(true), json!("maybe")),
        ("variables", json!({"a": "b", "c": null}), json!({"a": true})),
        ("toNumber", json!("+4930112112"), json!("+493")),
        ("toNumber", json!("+123456789012345"), json!("+1234567890123456")),
        ("initialGreeting", json!(""), json!(["x"])),
    ] {
        let mut body = json!({"agentId": agent.id, "toNumber": "+14155559999", "waitForCompletion": true});
        body[field] = good;
        let (status, answer) = world.post("/v1/calls", body.clone()).await;
        assert_eq!(status, 200, "{body} {answer}");
        body[field] = bad;
        let (status, answer) = world.post("/v1/calls", body.clone()).await;
        assert_eq!(status, 422, "{body}");
        assert_eq!(answer["detail"][0]["loc"][1], field, "{answer}");
    }
    for body in [
        json!({"agentId": agent.id, "metadata": []}),
        json!({"agentId": agent.id, "variables": {"a": 1}}),
        json!({}),
    ] {
        assert_eq!(world.post("/v1/calls/web", body.clone()).await.0, 422, "{body}");
    }
    for (timeout, expected) in [(9, 422), (10, 404), (300, 404), (301, 422)] {
        let path = format!("/v1/calls/call_nobody?wait=true&timeout={timeout}");
        assert_eq!(world.get(&path).await.0, expected, "{timeout}");
    }
    assert_eq!(world.get("/v1/calls/call_nobody?wait=perhaps").await.0, 422);
    for limit in [0, 101] {
        assert_eq!(world.get(&format!("/v1/agents/{}/calls?limit={limit}", agent.id)).await.0, 422);
        assert_eq!(world.get(&format!("/v1/numbers/num_x/calls?limit={limit}")).await.0, 422);
    }
}

async fn emergency_numbers_are_forbidden_in_any_spelling(world: World) {
    let (agent, _) = world.hosted().await;
    for number in
        ["911", "+911", "+1911", "9-1-1", "112", "+112", "988", "+1-988", "411", "+1 (911) 555-0100"]
    {
        let (status, body) = world.post("/v1/calls", json!({"agentId": agent.id, "toNumber": number})).await;
        assert_eq!(status, 403, "{number} {body}");
    }
    assert_eq!(world.get("/v1/calls").await.1["total"], 0);
}

async fn a_prompt_makes_any_agent_hosted(world: World) {
    let (silent, _) = world.agent(|_| {}).await;
    let body = json!({"agentId": silent.id, "toNumber": "+14155559999", "systemPrompt": "Sell tea.", "modelTier": "max"});
    assert_eq!(world.post("/v1/calls", body).await.0, 200);
    world.until(|| !world.phone.dialled.lock().unwrap().is_empty()).await;
    let dialled = world.phone.dialled.lock().unwrap();
    let BrainPlan::Hosted { system_prompt, tier, .. } = &dialled[0].0.brain else { panic!("not hosted") };
    assert_eq!((system_prompt.as_str(), tier.as_str()), ("Sell tea.", "max"));
    assert_eq!(dialled[0].0.greeting, Greeting::FromBrain);
}

async fn variables_reach_greeting_and_prompt(world: World) {
    let (agent, _) = world.hosted().await;
    let body = json!({
        "agentId": agent.id, "toNumber": "+14155559999", "systemPrompt": "You call {{ who }}.",
        "initialGreeting": "Hi {{who}}{{gone}}, {{missing}}", "variables": {"who": "Bob", "gone": null},
    });
    assert_eq!(world.post("/v1/calls", body).await.0, 200);
    world.until(|| !world.phone.dialled.lock().unwrap().is_empty()).await;
    let dialled = world.phone.dialled.lock().unwrap();
    let BrainPlan::Hosted { system_prompt, .. } = &dialled[0].0.brain else { panic!("not hosted") };
    assert_eq!(system_prompt, "You call Bob.");
    assert_eq!(dialled[0].0.greeting, Greeting::Say("Hi Bob, {{missing}}".to_owned()));
}

async fn parallel_creates_never_exceed_the_cap(world: World) {
    let (agent, _) = world.hosted().await;
    let body = json!({"agentId": agent.id, "toNumber": "+14155559999"});
    let attempts = (0..25).map(|_| world.request("POST", "/v1/calls", Some(body.clone())));
    let answers = futures::future::join_all(attempts).await;
    let made = answers.iter().filter(|(status, _, _)| *status == 200).count();
    assert_eq!(made, 5);
    for (_, headers, body) in answers.iter().filter(|(status, _, _)| *status != 200) {
        assert_eq!(body["error"]["code"], "RATE_LIMIT_EXCEEDED");
        assert!(headers.contains_key("retry-after"));
    }
    assert_eq!(world.store().open_calls(&world.account).await.unwrap(), 5);
}

async fn our_own_numbers_are_called_through_our_own_address(world: World) {
    let (agent, number) = world.hosted().await;
    let body = json!({"agentId": agent.id, "toNumber": number.phone_number});
    assert_eq!(world.post("/v1/calls", body).await.0, 200);
    world.until(|| !world.phone.dialled.lock().unwrap().is_empty()).await;
    let uri = world.phone.dialled.lock().unwrap()[0].1[0].uri.clone();
    assert_eq!(uri, format!("sip:{}@127.0.0.1:5060", number.phone_number));
}

async fn an_engine_that_refuses_fails_the_call(world: World) {
    let (agent, _) = world.hosted().await;
    *world.phone.refuses.lock().unwrap() = true;
    let (_, call) = world.post("/v1/calls", json!({"agentId": agent.id, "toNumber": "+14155559999"})).await;
    let ended = world.until_status(&call["id"].as_str().unwrap().into(), "failed").await;
    assert_eq!(ended["disconnectionReason"], "dial_failed");
    assert_eq!(ended["durationSeconds"], 0);
}

async fn waiting_for_completion_returns_the_ended_call(world: World) {
    let (agent, _) = world.hosted().await;
    *world.phone.refuses.lock().unwrap() = true;
    let body = json!({"agentId": agent.id, "toNumber": "+14155559999", "waitForCompletion": true});
    let (status, call) = world.post("/v1/calls", body).await;
    assert_eq!(status, 200);
    assert_eq!(call["status"], "failed");
}

async fn a_handset_is_called_where_it_registered(world: World) {
    let (agent, number) = world.hosted().await;
    let contact = offhook_engine::host::DialTarget {
        uri: "sip:+14155559999@10.0.0.7:5062".into(),
        proxy: Some("127.0.0.1:40000".into()),
        transport: None,
        credentials: None,
        caller_id: String::new(),
    };
    world.phone.handsets.lock().unwrap().push(("+14155559999".into(), contact.clone()));
    world.dial(&agent).await;
    let dialled = world.phone.dialled.lock().unwrap();
    let caller_id = number.phone_number.to_string();
    assert_eq!(dialled[0].1, [offhook_engine::host::DialTarget { caller_id, ..contact }]);
}
