//! `GET /v1/calls/{call_id}/recording`.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use offhook_model::{
    call::EndReason,
    id::CallId,
    report::{CallReport, Ended},
};
use serde_json::json;
use tower::ServiceExt as _;

use crate::harness::{World, on_both};

on_both!(
    a_recording_is_public_by_id_and_served_in_ranges,
    calls_without_a_recording_are_not_found,
    a_call_that_refused_recording_has_none,
);

async fn fetch(
    world: &World,
    method: &str,
    call: &str,
    range: Option<&str>,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(format!("/v1/calls/{call}/recording"));
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

async fn end_recorded(world: &World, call: &CallId) {
    let path = world.recordings.join(format!("{call}.wav"));
    std::fs::create_dir_all(&world.recordings).unwrap();
    std::fs::write(&path, (0..100).collect::<Vec<u8>>()).unwrap();
    world.answer(call).await;
    let ended = Ended {
        reason: EndReason::UserHangup,
        at: world.app.now(),
        talk_time: Duration::from_secs(1),
        recording: Some(path),
    };
    world.report(call, CallReport::Ended(ended)).await;
}

async fn a_recording_is_public_by_id_and_served_in_ranges(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    assert_eq!(fetch(&world, "GET", call.as_str(), None).await.0, 404, "not while it runs");
    end_recorded(&world, &call).await;
    let (_, detail) = world.get(&format!("/v1/calls/{call}")).await;
    assert_eq!(detail["recordingAvailable"], true);
    assert_eq!(detail["recordingUrl"], format!("https://phone.example/v1/calls/{call}/recording"));

    let (status, headers, body) = fetch(&world, "GET", call.as_str(), None).await;
    assert_eq!((status.as_u16(), body.len()), (200, 100));
    assert_eq!(headers["content-type"], "audio/wav");
    assert_eq!(headers["content-length"], "100");
    assert_eq!(headers["accept-ranges"], "bytes");
    assert_eq!(headers["content-disposition"], format!("attachment; filename=\"recording-{call}.wav\""));

    let (status, headers, body) = fetch(&world, "GET", call.as_str(), Some("bytes=10-19")).await;
    assert_eq!((status.as_u16(), body), (206, (10..20).collect::<Vec<u8>>()));
    assert_eq!(headers["content-range"], "bytes 10-19/100");
    assert_eq!(headers["content-length"], "10");
    assert_eq!(fetch(&world, "GET", call.as_str(), Some("bytes=-1")).await.2, [99]);

    let (status, headers, body) = fetch(&world, "GET", call.as_str(), Some("bytes=100-")).await;
    assert_eq!((status.as_u16(), headers["content-range"].to_str().unwrap()), (416, "bytes */100"));
    assert!(String::from_utf8(body).unwrap().contains("\"detail\""));

    let (status, headers, body) = fetch(&world, "HEAD", call.as_str(), None).await;
    assert_eq!((status.as_u16(), headers["content-length"].to_str().unwrap(), body.len()), (200, "100", 0));
}

async fn calls_without_a_recording_are_not_found(world: World) {
    let (_, number) = world.hosted().await;
    let call = world.inbound(&number).await;
    world.end(&call, EndReason::CallerCancelled).await;
    for id in [call.as_str(), "call_nobody", "..%2F..%2Fetc%2Fpasswd", "%00"] {
        let (status, _, body) = fetch(&world, "GET", id, None).await;
        assert_eq!(status, 404, "{id}");
        assert!(String::from_utf8(body).unwrap().contains("\"detail\""));
    }
}

async fn a_call_that_refused_recording_has_none(world: World) {
    let (agent, _) = world.hosted().await;
    let body = json!({"agentId": agent.id, "toNumber": "+14155559999", "disableRecording": true});
    let (_, call) = world.post("/v1/calls", body).await;
    let call = CallId::from(call["id"].as_str().unwrap());
    world.until(|| !world.phone.dialled.lock().unwrap().is_empty()).await;
    assert_eq!(world.phone.dialled.lock().unwrap()[0].0.recording, None);
    end_recorded(&world, &call).await;
    assert_eq!(fetch(&world, "GET", call.as_str(), None).await.0, 404);
    let (_, detail) = world.get(&format!("/v1/calls/{call}")).await;
    assert_eq!((&detail["recordingAvailable"], &detail["recordingUrl"]), (&json!(false), &json!(null)));
}
