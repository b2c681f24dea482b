//! Calls that are not taken, and what the caller is told.

use offhook_engine::leg::LegEnd;
use offhook_testkit::{agent::probe::SipProbe, doubles::chat::ChatScript};
use serde_json::json;

use crate::{
    server::Db,
    stage::{CALLER, SOON, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_number_without_an_agent_gets_480_an_unknown_one_404_and_an_unknown_codec_488() {
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[]).await;
    let agent = stage.agent(&json!({})).await;
    let lonely = stage.post("/v1/numbers", &json!({"areaCode": "646"})).await;
    let lonely = lonely["phoneNumber"].as_str().unwrap();

    let mut call = stage.phone.call(stage.server.sip, lonely, CALLER).unwrap();
    assert_eq!(call.ended(SOON).await, Some(LegEnd::Refused(480)));
    let mut call = stage.phone.call(stage.server.sip, "+13105550199", CALLER).unwrap();
    assert_eq!(call.ended(SOON).await, Some(LegEnd::Refused(404)));

    let probe = SipProbe::open(stage.server.sip).await.unwrap();
    let gsm = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 3\r\n";
    assert_eq!(probe.invite(&agent.number, gsm, SOON).await.unwrap(), Some(488));
    assert_eq!(
        probe.invite(&agent.number, "v=0\r\nm=nonsense", SOON).await.unwrap().map(|s| s / 100),
        Some(4)
    );

    // None of these was ever answered, and the server takes the next call.
    let calls = stage.get("/v1/calls").await;
    for call in calls["data"].as_array().unwrap() {
        assert_eq!(call["status"], "failed", "{calls:#}");
    }
    let mut call = stage.greeted(&agent).await;
    call.hang_up().await;
    stage.is_alive().await;
}
