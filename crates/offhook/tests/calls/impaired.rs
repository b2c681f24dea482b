//! A call through a bad network.

use offhook_engine::leg::LegEnd;
use offhook_testkit::{
    doubles::chat::{ChatReply, ChatScript},
    judge::likeness::Phrasebook,
    relay::{Impairment, SipRelay},
    signal::tone_speech,
};
use serde_json::json;

use crate::{
    server::Db,
    stage::{CALLER, HOURS, ORDER, PERSON, RATE, SOON, Stage, hear, rows, said},
};

const ANSWERS: [(&str, &str); 3] = [
    (HOURS, "We are open from nine to five."),
    (ORDER, "It was sent yesterday morning."),
    (PERSON, "Nobody else is here today."),
];

#[tokio::test(flavor = "multi_thread")]
async fn at_five_percent_loss_and_forty_milliseconds_of_jitter_the_transcript_is_right() {
    let script = ANSWERS.iter().fold(ChatScript::default(), |script, (question, answer)| {
        script.when(question, ChatReply::say(answer))
    });
    let stage = Stage::start(Db::Sqlite, script, &[]).await;
    let agent = stage.agent(&json!({})).await;
    let mut book = Phrasebook::default();
    for text in ANSWERS.iter().map(|(_, answer)| *answer).chain(["Hello and welcome."]) {
        book.add(text, &tone_speech(text), RATE);
    }

    let relay = SipRelay::start(stage.server.sip, Impairment::lossy_and_jittery(5)).await.unwrap();
    let mut call = stage.phone.call(relay.address(), &agent.number, CALLER).unwrap();
    assert!(call.answered(SOON).await);
    let id = stage.latest().await;
    assert_eq!(book.recognise(&hear(&mut call).await, RATE).0, "Hello and welcome.");
    for (question, answer) in ANSWERS {
        let heard = stage.ask(&mut call, question).await;
        let (words, score) = book.recognise(&heard, RATE);
        assert_eq!(words, answer, "score {score}");
    }
    call.hang_up().await;

    let over = stage.ended(&id, SOON).await;
    let expected: Vec<_> = std::iter::once(("", "Hello and welcome.")).chain(ANSWERS).collect();
    assert_eq!(rows(&over), said(&expected), "{over:#}");
    let (to_phone, to_server) = relay.counts();
    for counts in [to_phone, to_server] {
        let share = counts.lost as f64 / counts.received as f64;
        assert!((0.02..0.09).contains(&share), "{counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_media_stops_is_ended_after_the_rtp_timeout() {
    let stage = Stage::start(Db::Sqlite, ChatScript::default(), &[("MEDIA__RTP_TIMEOUT", "2s")]).await;
    let agent = stage.agent(&json!({})).await;
    let relay = SipRelay::start(stage.server.sip, Impairment::default()).await.unwrap();
    let mut call = stage.phone.call(relay.address(), &agent.number, CALLER).unwrap();
    assert!(call.answered(SOON).await);
    hear(&mut call).await;
    relay.cut_media();
    assert_eq!(call.ended(SOON).await, Some(LegEnd::PeerHangup));
    let over = stage.ended(&stage.latest().await, SOON).await;
    assert_eq!(
        (&over["status"], &over["disconnectionReason"]),
        (&json!("completed"), &json!("media_timeout"))
    );
}
