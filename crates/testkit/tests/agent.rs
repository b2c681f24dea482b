//! The test phone, the registration and the relay, against endpoints of the engine.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failed unwrap is a failed test")]

use std::{sync::Arc, time::Duration};

use offhook_engine::{
    endpoint::{EndpointConfig, RegistrarConfig},
    leg::LegEnd,
};
use offhook_sim::{script::Script, speech::SpeechCache};
use offhook_testkit::{
    agent::{PhoneCall, RegistrationError, UserAgent, probe::SipProbe},
    judge::{
        likeness::{Phrasebook, SAME, Shape},
        words::word_overlap,
    },
    relay::{Impairment, SipRelay},
};
use offhook_voice::providers::embedded::Embedded;

const PATIENCE: Duration = Duration::from_secs(10);
const PHRASES: [&str; 5] = [
    "What are your opening hours?",
    "What are your opening days?",
    "Please transfer me to a person.",
    "No thank you, that is all.",
    "My order number is four two seven.",
];

async fn pair(
    caller: &UserAgent,
    callee: &mut UserAgent,
    via: std::net::SocketAddr,
) -> (PhoneCall, PhoneCall) {
    let mut near = caller.call(via, "+14155550100", "+14155550199").unwrap();
    let far = callee.answer(PATIENCE).await.unwrap();
    assert!(near.answered(PATIENCE).await);
    (near, far)
}

#[tokio::test]
async fn spoken_phrases_are_told_apart_through_five_percent_loss_and_forty_milliseconds_of_jitter() {
    let speech = SpeechCache::new(Arc::new(Embedded));
    let script = Script::new("Polly.Joanna");
    let mut book = Phrasebook::default();
    for phrase in PHRASES {
        book.add(phrase, &speech.speech(&script, phrase).await.unwrap(), 16_000);
    }
    let (caller, mut callee) = (UserAgent::start().await.unwrap(), UserAgent::start().await.unwrap());
    let relay = SipRelay::start(callee.address(), Impairment::lossy_and_jittery(11)).await.unwrap();
    let (mut near, mut far) = pair(&caller, &mut callee, relay.address()).await;
    for phrase in PHRASES {
        let audio = speech.speech(&script, phrase).await.unwrap();
        let before = far.heard().len();
        let length = Duration::from_millis(audio.len() as u64 / 16 + 1000);
        tokio::join!(near.say(&audio), far.listen(length));
        let (words, score) = book.recognise(&far.heard()[before..], 16_000);
        assert_eq!(words, phrase, "score {score}");
    }
    let (_, to_callee) = relay.counts();
    let share = to_callee.lost as f64 / to_callee.received as f64;
    assert!((0.02..0.09).contains(&share), "{to_callee:?}");
    assert_eq!(near.hang_up().await, Some(LegEnd::LocalHangup));
    assert_eq!(far.ended(PATIENCE).await, Some(LegEnd::PeerHangup));
}

#[tokio::test]
async fn sentences_of_one_voice_are_below_the_threshold_unless_they_share_most_words() {
    let speech = SpeechCache::new(Arc::new(Embedded));
    let script = Script::new("Polly.Matthew");
    let mut shapes = Vec::new();
    for phrase in PHRASES {
        shapes.push((phrase, Shape::of(&speech.speech(&script, phrase).await.unwrap(), 16_000)));
    }
    for (heard, shape) in &shapes {
        for (phrase, reference) in &shapes {
            let score = shape.find(&reference.clone().trimmed()).map_or(0.0, |found| found.score);
            if heard == phrase {
                assert!(score > 0.95, "{score} {heard}");
            } else if word_overlap(phrase, heard) < 0.5 {
                assert!(score < SAME, "{score} {heard} / {phrase}");
            }
        }
    }
}

#[tokio::test]
async fn digits_and_hold_reach_the_other_phone() {
    let (caller, mut callee) = (UserAgent::start().await.unwrap(), UserAgent::start().await.unwrap());
    let address = callee.address();
    let (mut near, mut far) = pair(&caller, &mut callee, address).await;
    let (sent, heard) = tokio::join!(near.press("12#"), far.until(PATIENCE, |call| call.digits() == "12#"));
    assert!(sent && heard, "{}", far.digits());
    assert!(near.hold(true).await);
    assert!(far.until(PATIENCE, |call| call.holds() == [true]).await);
    assert!(near.hold(false).await);
    assert!(far.until(PATIENCE, |call| call.holds() == [true, false]).await);
    far.hang_up().await;
    assert_eq!(near.ended(PATIENCE).await, Some(LegEnd::PeerHangup));
}

#[tokio::test]
async fn a_registered_phone_rings_and_a_wrong_password_is_refused() {
    let mut config = EndpointConfig::loopback();
    config.registrar = Some(RegistrarConfig { realm: "offhook".into(), password: "secret".into() });
    let server = UserAgent::start_with(config, PATIENCE).await.unwrap();
    let mut phone = UserAgent::start().await.unwrap();
    let wrong = phone.register(server.address(), "+14155550123", "guess").await;
    assert!(matches!(wrong, Err(RegistrationError::Refused(401 | 403))), "{wrong:?}");
    let registration = phone.register(server.address(), "+14155550123", "secret").await.unwrap();
    assert!(registration.expires_s.is_some_and(|s| s > 0));
    let target = server.endpoint().handset_contacts("+14155550123").remove(0);
    let mut call = server.dial(&target).unwrap();
    let mut answered = phone.answer(PATIENCE).await.unwrap();
    assert!(call.answered(PATIENCE).await);
    call.hang_up().await;
    assert_eq!(answered.ended(PATIENCE).await, Some(LegEnd::PeerHangup));
}

#[tokio::test]
async fn a_raw_offer_without_a_common_codec_gets_488() {
    let mut server = UserAgent::start().await.unwrap();
    let probe = SipProbe::open(server.address()).await.unwrap();
    let sdp = |format: &str| {
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP {format}\r\n"
        )
    };
    let refused = probe.invite("+14155550100", &sdp("3"), PATIENCE).await.unwrap();
    assert_eq!(refused, Some(488));
    let offer = sdp("0");
    let (accepted, answered) = tokio::join!(probe.invite("+14155550100", &offer, PATIENCE), async {
        let mut call = server.answer(PATIENCE).await.unwrap();
        call.ended(PATIENCE).await
    });
    assert_eq!((accepted.unwrap(), answered), (Some(200), Some(LegEnd::PeerHangup)));
}
