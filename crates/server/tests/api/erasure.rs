//! How long things are kept, and removing them: afterwards they are nowhere.

use std::time::Duration;

use http::{Request, header};
use offhook_model::{
    call::{CallState, Direction, EndReason},
    id::{CallId, EventId, TurnId},
    report::{Role, Turn},
};
use offhook_server::{Settings, retention};
use offhook_store::{Call, CallService, EndCall, NewEvent};
use serde_json::{Value, json};

use crate::{
    texting::{ANN, Line, word},
    world::{World, on_both_with},
};

/// Who will be forgotten.
const SAM: &str = "+15005550177";
/// Words of theirs, or about them.
const WORDS: [&str; 7] = ["xylophone", "yodel", "Zebulon", "quagmire", "wombat", "fjord", "metronome"];

/// A call with them that is over, with two lines, a recording and its event.
async fn call(world: &World, line: &Line, person: &str, words: &str) -> CallId {
    let now = world.app.now();
    let id = CallId::new(now, rand::random());
    let call = Call {
        id: id.clone(),
        account_id: world.account.clone(),
        agent_id: None,
        agent_name: None,
        number_id: Some(line.id.as_str().into()),
        phone_number: Some(line.number.clone()),
        from: person.into(),
        to: line.number.clone(),
        direction: Direction::Inbound,
        state: CallState::Dialing,
        started_at: now,
        answered_at: None,
        ended_at: None,
        talk_time: None,
        metadata: Some(json!({"note": words})),
        service: CallService::default(),
        recording_disabled: false,
        recording: None,
        owner: "test".into(),
        checkpoint_at: None,
    };
    let store = world.app.store();
    store.insert_call(&call, None).await.unwrap();
    store.transition_call("test", &world.account, &id, CallState::Answered, now).await.unwrap();
    for index in 0..2 {
        let turn = Turn {
            index,
            role: Role::User,
            text: format!("{words} {index}"),
            confidence: None,
            at: now,
            interrupted: false,
            latency: None,
        };
        let turn_id = TurnId::new(now, rand::random());
        store.append_turn("test", &world.account, &id, &turn_id, &turn).await.unwrap();
    }
    std::fs::write(world.blobs().join(format!("{id}.wav")), format!("RIFF {words}")).unwrap();
    let event = NewEvent {
        id: EventId::new(now, rand::random()),
        delivery_id: uuid(),
        account_id: world.account.clone(),
        agent_id: None,
        target: None,
        event_type: "agent.call_ended".into(),
        channel: "voice".into(),
        subject_id: Some(id.to_string()),
        order_key: None,
        body: json!({"data": {"from": person, "transcript": [{"content": words}]}}).to_string(),
        created_at: now,
    };
    let end = EndCall {
        owner: "test".into(),
        account_id: world.account.clone(),
        call_id: id.clone(),
        state: CallState::Completed(EndReason::UserHangup),
        at: now,
        talk_time: Duration::from_secs(60),
        recording: Some(format!("{id}.wav")),
        charges: Vec::new(),
        events: vec![event],
    };
    assert!(store.end_call(end).await.unwrap());
    id
}

fn uuid() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Everything an account can have of somebody.
async fn live_a_little(world: &World, line: &Line) -> CallId {
    let picture = crate::picture::serve("200 OK", b"\x89PNG\r\n\x1a\nwombat".to_vec());
    let heard = json!({"from": SAM, "to": line.number, "body": "xylophone", "mediaUrls": [picture]});
    let taken = world.hear_with(heard).await.ok();
    let message = word(&taken["messageIds"][0]);
    world.text(line, SAM, "yodel").await.ok();
    let reaction = json!({"from": SAM, "messageId": message, "reaction": "love"});
    world.post("/offhook/v1/sim/reactions", reaction).await;
    // The answer, which names them, is kept for a repeated request.
    let contact = Request::post("/v1/contacts")
        .header(header::AUTHORIZATION, format!("Bearer {}", world.key))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", "once")
        .body(json!({"phoneNumber": SAM, "name": "Zebulon", "notes": "fjord"}).to_string().into())
        .unwrap();
    assert_eq!(world.send(contact).await.status, 201);
    world
        .post(
            "/offhook/v1/sim/locations",
            json!({"from": SAM, "to": line.number, "latitude": 1.0, "longitude": 2.0}),
        )
        .await;
    world.post("/v1/verify/send", json!({"phone_number": SAM})).await.ok();
    world.hear(SAM, line, "STOP").await;
    call(world, line, SAM, "quagmire").await
}

/// As [`live_a_little`], for somebody who stays.
async fn others_live_on(world: &World, line: &Line) -> CallId {
    world.hear(ANN, line, "remembered").await;
    world.post("/v1/contacts", json!({"phoneNumber": ANN, "name": "Ann"})).await;
    call(world, line, ANN, "remembered").await
}

fn assert_gone(dump: &[u8], what: &str) {
    let digits = SAM.trim_start_matches('+');
    for needle in WORDS.iter().chain([&digits]) {
        let found = dump.windows(needle.len()).position(|window| window == needle.as_bytes());
        let around = found.map(|at| {
            String::from_utf8_lossy(&dump[at.saturating_sub(120)..dump.len().min(at + 120)]).into_owned()
        });
        assert_eq!(around, None, "{needle} is still in {what}");
    }
}

fn count(value: &Value) -> u64 {
    value.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

fn with_a_system_number(settings: &mut Settings) {
    settings.messages.system_number = "+15005550199".parse().ok();
}

on_both_with! { with_a_system_number;
    async fn nothing_of_a_forgotten_person_is_left(world) {
        world.listen().await;
        let line = world.line("sms").await;
        let (kept, gone) = (others_live_on(&world, &line).await, live_a_little(&world, &line).await);
        let before = world.dump().await;
        assert!(before.windows(9).any(|window| window == b"xylophone"), "the dump shows what is there");

        let proof = world.post("/offhook/v1/deletions", json!({"phoneNumber": SAM})).await.ok();
        assert_eq!((&proof["complete"], count(&proof["remaining"])), (&json!(true), 0), "{proof:#}");
        for (place, least) in [
            ("calls", 1), ("turns", 2), ("recordings", 1), ("conversations", 1), ("messages", 3), ("media", 1),
            ("contacts", 1), ("verifications", 1), ("optOuts", 2), ("deliveries", 2), ("answers", 1),
        ] {
            assert!(proof["removed"][place].as_u64().unwrap() >= least, "{place}: {proof:#}");
        }
        let id = word(&proof["id"]);
        assert_eq!(world.get(&format!("/offhook/v1/deletions/{id}")).await.ok(), proof);
        world.get("/offhook/v1/deletions/del_x").await.refused(404, "NOT_FOUND");

        assert_gone(&world.dump().await, "the database");
        assert_gone(&world.files(), "the files");
        for path in [
            format!("/v1/calls?search={}", SAM.trim_start_matches('+')), "/v1/calls?search=quagmire".to_owned(),
            format!("/v1/contacts?search={}", SAM.trim_start_matches('+')), "/v1/contacts?search=Zebulon".to_owned(),
        ] {
            let found = world.get(&path).await.ok();
            assert_eq!(found["data"], json!([]), "{path}: {found}");
        }
        // The call and its bill stay, nameless.
        let call = world.get(&format!("/v1/calls/{gone}")).await.ok();
        assert_eq!((&call["fromNumber"], &call["metadata"]), (&json!("deleted"), &Value::Null), "{call}");
        assert_eq!(call["transcripts"], json!([]), "{call}");
        // Others are as they were.
        let call = world.get(&format!("/v1/calls/{kept}")).await.ok();
        assert_eq!(call["fromNumber"], ANN);
        assert_eq!(call["transcripts"].as_array().unwrap().len(), 2, "{call}");
        assert_eq!(world.get("/v1/conversations").await.ok()["data"].as_array().unwrap().len(), 1);
        assert_eq!(world.get("/v1/contacts").await.ok()["data"].as_array().unwrap().len(), 1);

        // Once more there is nothing to do, and under the same pseudonym.
        let again = world.post("/offhook/v1/deletions", json!({"phoneNumber": SAM})).await.ok();
        assert_eq!((count(&again["removed"]), count(&again["remaining"])), (0, 0), "{again:#}");
        assert_eq!(again["subject"], proof["subject"]);
        // They said STOP, and that still counts.
        world.text(&line, SAM, "Hello again").await.refused(403, "FORBIDDEN");
        // Until they say otherwise.
        world.hear(SAM, &line, "START").await;
        world.text(&line, SAM, "Hello again").await.ok();
    }

    async fn nobody_is_forgotten_in_the_middle_of_a_call(world) {
        let line = world.line("sms").await;
        let now = world.app.now();
        let ended = call(&world, &line, SAM, "quagmire").await;
        let mut live = world.app.store().call(&world.account, &ended).await.unwrap().unwrap();
        live.id = CallId::new(now, rand::random());
        live.ended_at = None;
        live.state = CallState::Dialing;
        world.app.store().insert_call(&live, None).await.unwrap();
        world.post("/offhook/v1/deletions", json!({"phoneNumber": SAM})).await.refused(409, "CONFLICT");
        world.delete(&format!("/offhook/v1/calls/{}/data", live.id)).await.refused(409, "CONFLICT");
        let path = format!("/offhook/v1/calls/{ended}/data");
        let erased = world.delete(&path).await.ok();
        assert_eq!((&erased["complete"], count(&erased["removed"])), (&json!(true), 4), "{erased:#}");
        assert_eq!(count(&world.delete(&path).await.ok()["removed"]), 0);
        assert_eq!(world.get(&format!("/v1/calls/{ended}")).await.ok()["fromNumber"], SAM, "only the words");
    }

    async fn a_message_is_removed_and_quoted_nowhere(world) {
        world.listen().await;
        let line = world.line("sms").await;
        let first = world.hear(ANN, &line, "xylophone").await;
        world.hear(ANN, &line, "something else").await;
        assert!(world.events("agent.message").await[1].to_string().contains("xylophone"), "it is quoted");
        let erased = world.delete(&format!("/offhook/v1/messages/{first}")).await.ok();
        assert_eq!((&erased["complete"], &erased["removed"]["messages"], &erased["removed"]["deliveries"]),
            (&json!(true), &json!(1), &json!(1)), "{erased:#}");
        let left = world.events("agent.message").await;
        assert_eq!((left.len(), &left[0]["data"]["message"]), (1, &json!("something else")));
        assert_gone(&world.dump().await, "the database");
        let thread = world.get("/v1/conversations").await.ok()["data"][0].clone();
        assert_eq!((&thread["messageCount"], &thread["lastMessagePreview"]), (&json!(1), &json!("something else")));
        world.delete(&format!("/offhook/v1/messages/{first}")).await.refused(404, "NOT_FOUND");

        let id = word(&thread["id"]);
        let erased = world.delete(&format!("/offhook/v1/conversations/{id}")).await.ok();
        assert_eq!((&erased["complete"], &erased["removed"]["conversations"]), (&json!(true), &json!(1)));
        let threads = world.get("/v1/conversations").await.ok();
        assert_eq!((&threads["data"], &threads["total"]), (&json!([]), &json!(0)), "{threads}");
        assert_eq!(world.events("agent.message").await.len(), 0);
        world.delete(&format!("/offhook/v1/conversations/{id}")).await.refused(404, "NOT_FOUND");
    }

    async fn what_is_too_old_goes_and_the_rest_stays(world) {
        world.listen().await;
        let line = world.line("sms").await;
        let old = live_a_little(&world, &line).await;
        world.advance(Duration::from_secs(40 * 24 * 3600));
        let young = others_live_on(&world, &line).await;
        assert_eq!(retention::sweep(&world.app).await.unwrap(), Default::default(), "nothing is set");

        let asked = json!({"recordingsDays": 20, "transcriptsDays": 30, "messagesDays": 30, "deliveriesDays": 7});
        let set = world.call("PUT", "/offhook/v1/retention", Some(asked)).await.ok();
        assert_eq!((&set["messagesDays"], &set["minimumDays"]), (&json!(30), &json!(1)));
        assert_eq!(world.get("/offhook/v1/retention").await.ok(), set);
        // What is still to be delivered must be delivered first.
        let gone = retention::sweep(&world.app).await.unwrap();
        assert_eq!((gone.recordings, gone.turns, gone.media), (1, 2, 1), "{gone:?}");
        assert!(gone.messages >= 3, "{gone:?}");
        assert_eq!(retention::sweep(&world.app).await.unwrap(), Default::default(), "once");
        let files = world.files();
        assert!(!files.windows(8).any(|window| window == b"quagmire") && files.windows(10).any(|w| w == b"remembered"));
        assert_eq!(world.get(&format!("/v1/calls/{old}")).await.ok()["transcripts"], json!([]));
        let young = world.get(&format!("/v1/calls/{young}")).await.ok();
        assert_eq!(young["transcripts"].as_array().unwrap().len(), 2);
        let log = world.get("/offhook/v1/audit?operation=applyRetention").await.ok();
        assert_eq!(log["data"][0]["source"], "worker", "{log}");
    }

    async fn the_floor_is_the_operators(world) {
        let least = json!({"recordingsDays": 0, "deliveriesDays": 6});
        let faults = world.call("PUT", "/offhook/v1/retention", Some(least)).await.faults();
        assert_eq!(faults.len(), 2, "{faults:?}");
        let none = world.get("/offhook/v1/retention").await.ok();
        assert_eq!(none, json!({"recordingsDays": null, "transcriptsDays": null, "messagesDays": null,
            "deliveriesDays": null, "minimumDays": 1}));
    }
}

#[tokio::test]
async fn the_operators_defaults_count_where_nothing_is_set() {
    let world = World::sqlite_with(|settings| {
        settings.retention.defaults.transcripts = Some(5);
        settings.retention.at_least_days = 3;
    })
    .await;
    assert_eq!(world.get("/offhook/v1/retention").await.ok()["transcriptsDays"], 5);
    let two = json!({"transcriptsDays": 2});
    world.call("PUT", "/offhook/v1/retention", Some(two)).await.fault("body.transcriptsDays", "value_error");
    world.call("PUT", "/offhook/v1/retention", Some(json!({}))).await.ok();
    assert_eq!(world.get("/offhook/v1/retention").await.ok()["transcriptsDays"], Value::Null);
}
