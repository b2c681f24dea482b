//! The three lists of calls.

use std::time::Duration;

use offhook_model::{call::EndReason, report::Role};
use serde_json::{Value, json};

use crate::harness::{World, on_both};

on_both!(lists_page_and_filter, summaries_have_every_field, scoped_lists_show_their_own);

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap()).collect()
}

async fn lists_page_and_filter(world: World) {
    let (agent, number) = world.hosted().await;
    let inbound = world.inbound(&number).await;
    world.advance(Duration::from_secs(1));
    let outbound = world.dial(&agent).await;
    world.advance(Duration::from_secs(1));
    let (_, web) = world.post("/v1/calls/web", json!({"agentId": agent.id})).await;
    let web = web["callId"].as_str().unwrap();
    world.answer(&inbound).await;
    world.end(&inbound, EndReason::UserHangup).await;

    let (_, all) = world.get("/v1/calls").await;
    assert_eq!(ids(&all), [web, outbound.as_str(), inbound.as_str()], "newest first");
    assert_eq!((&all["total"], &all["hasMore"]), (&json!(3), &json!(false)));
    let (_, page) = world.get("/v1/calls?limit=1&offset=1").await;
    assert_eq!((ids(&page), &page["hasMore"]), (vec![outbound.as_str()], &json!(true)));
    for (query, expected) in [
        ("status=completed", vec![inbound.as_str()]),
        ("status=in-progress", vec![web, outbound.as_str()]),
        ("status=ringing", vec![web, outbound.as_str()]),
        ("status=failed", vec![]),
        ("status=nonsense", vec![]),
        ("status=", vec![web, outbound.as_str(), inbound.as_str()]),
        ("direction=inbound", vec![inbound.as_str()]),
        ("direction=web", vec![web]),
        ("type=pstn", vec![outbound.as_str(), inbound.as_str()]),
        ("type=web", vec![web]),
        ("search=5559999", vec![outbound.as_str()]),
        ("search=%25", vec![]),
        ("search=WEB", vec![web]),
    ] {
        let (_, list) = world.get(&format!("/v1/calls?{query}")).await;
        assert_eq!(ids(&list), expected, "{query}");
    }
    for bad in ["limit=0", "limit=101", "limit=x", "offset=-1"] {
        assert_eq!(world.get(&format!("/v1/calls?{bad}")).await.0, 422, "{bad}");
    }
    let stranger = world.stranger().await;
    assert_eq!(world.request_as(&stranger, "GET", "/v1/calls", None).await.2["total"], 0);
}

async fn summaries_have_every_field(world: World) {
    let (agent, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    world.answer(&call).await;
    world.say(&call, 0, Role::User, "Thanks, bye.").await;
    world.end(&call, EndReason::UserHangup).await;
    let (_, list) = world.get("/v1/calls").await;
    assert_eq!(
        list["data"][0],
        json!({
            "id": call, "agentId": agent.id, "agentName": "Ada", "phoneNumberId": number.id,
            "phoneNumber": number.phone_number, "fromNumber": "+14155550777", "toNumber": number.phone_number,
            "direction": "inbound", "type": "pstn", "status": "completed",
            "startedAt": "2023-11-14T22:13:20Z", "endedAt": "2023-11-14T22:13:20Z", "durationSeconds": 2,
            "lastTranscriptSnippet": "Thanks, bye.", "recordingUrl": null, "recordingAvailable": false,
        })
    );
}

async fn scoped_lists_show_their_own(world: World) {
    let (first, one) = world.hosted().await;
    let (second, two) = world.hosted().await;
    let a = world.inbound(&one).await;
    let b = world.inbound(&two).await;
    for (path, call) in [
        (format!("/v1/agents/{}/calls", first.id), &a),
        (format!("/v1/agents/{}/calls?direction=inbound", second.id), &b),
        (format!("/v1/numbers/{}/calls", one.id), &a),
        (format!("/v1/numbers/{}/calls?type=pstn", two.id), &b),
    ] {
        let (status, list) = world.get(&path).await;
        assert_eq!((status.as_u16(), ids(&list)), (200, vec![call.as_str()]), "{path}");
    }
    assert_eq!(world.get("/v1/agents/agt_x/calls").await.0, 404);
    assert_eq!(world.get("/v1/numbers/num_x/calls").await.1["error"]["code"], "PHONE_NUMBER_NOT_FOUND");
}
