//! Two endpoints calling each other.

use std::time::Duration;

use offhook_engine::{
    endpoint::EndpointConfig,
    leg::{LegEnd, LegEvent},
};
use offhook_media::tone::Tone;
use offhook_sip::{
    sdp::{Codec, Policy},
    session_timer::TimerPolicy,
};
use offhook_voice::line::UtteranceId;

use crate::kit::*;

#[tokio::test]
async fn audio_flows_both_ways_and_the_caller_hangs_up() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let (mut caller, mut callee) = connected(&a, &b, &mut b_calls, None).await;
    caller.play(UtteranceId(1), Tone::sine(440.0).samples(1_000));
    callee.loop_tone(Tone::sine(880.0));
    for leg in [&mut caller, &mut callee] {
        soon("sound", async {
            loop {
                if matches!(leg.next().await, LegEvent::Audio(frame) if frame.rms() > 0.1) {
                    break;
                }
            }
        })
        .await;
    }
    caller.hang_up();
    assert_eq!(end(&mut caller).await, LegEnd::LocalHangup);
    assert_eq!(end(&mut callee).await, LegEnd::PeerHangup);
    forgotten(&a).await;
    forgotten(&b).await;
}

#[tokio::test]
async fn the_callee_can_hang_up_over_tcp() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let (mut caller, mut callee) = connected(&a, &b, &mut b_calls, Some("tcp")).await;
    callee.hang_up();
    assert_eq!(end(&mut callee).await, LegEnd::LocalHangup);
    assert_eq!(end(&mut caller).await, LegEnd::PeerHangup);
    forgotten(&a).await;
    forgotten(&b).await;
}

#[tokio::test]
async fn dropping_a_leg_hangs_up() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let (caller, mut callee) = connected(&a, &b, &mut b_calls, None).await;
    drop(caller);
    assert_eq!(end(&mut callee).await, LegEnd::PeerHangup);
    forgotten(&a).await;
}

#[tokio::test]
async fn a_cancelled_call_is_over_on_both_sides() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let mut caller = a.dial(&target(b.uri("1"))).unwrap();
    let mut callee = soon("the call", b_calls.recv()).await.unwrap().accept().unwrap();
    callee.ring();
    assert!(matches!(soon("ringing", caller.next()).await, LegEvent::Ringing));
    caller.hang_up();
    assert_eq!(end(&mut caller).await, LegEnd::LocalHangup);
    assert_eq!(end(&mut callee).await, LegEnd::Cancelled);
    forgotten(&a).await;
    forgotten(&b).await;
}

#[tokio::test]
async fn an_answer_that_crosses_the_cancel_is_ended_with_bye() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    for _ in 0..10 {
        let mut caller = a.dial(&target(b.uri("1"))).unwrap();
        let mut callee = soon("the call", b_calls.recv()).await.unwrap().accept().unwrap();
        callee.answer();
        caller.hang_up();
        end(&mut caller).await;
        let ended = end(&mut callee).await;
        assert!(matches!(ended, LegEnd::PeerHangup | LegEnd::Cancelled), "{ended:?}");
    }
    forgotten(&b).await;
}

#[tokio::test]
async fn a_callee_who_rings_too_long_is_cancelled() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let mut caller = a.dial_for(&target(b.uri("1")), Duration::from_millis(300)).unwrap();
    let mut callee = soon("the call", b_calls.recv()).await.unwrap().accept().unwrap();
    callee.ring();
    assert_eq!(end(&mut caller).await, LegEnd::RingTimeout);
    assert_eq!(end(&mut callee).await, LegEnd::Cancelled);
}

#[tokio::test]
async fn refusals_carry_their_status() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    for status in [404, 486, 503, 603] {
        let mut caller = a.dial(&target(b.uri("1"))).unwrap();
        soon("the call", b_calls.recv()).await.unwrap().reject(status);
        assert_eq!(end(&mut caller).await, LegEnd::Refused(status));
    }
    let mut caller = a.dial(&target(b.uri("1"))).unwrap();
    let mut callee = soon("the call", b_calls.recv()).await.unwrap().accept().unwrap();
    callee.ring();
    callee.reject(486);
    assert_eq!(end(&mut callee).await, LegEnd::Rejected(486));
    assert_eq!(end(&mut caller).await, LegEnd::Refused(486));
    drop(b_calls);
    let mut caller = a.dial(&target(b.uri("1"))).unwrap();
    assert_eq!(end(&mut caller).await, LegEnd::Refused(480));
    forgotten(&a).await;
    forgotten(&b).await;
}

#[tokio::test]
async fn no_common_codec_gets_488() {
    let only =
        |codec| EndpointConfig { sdp: Policy { codecs: vec![codec], ..Policy::default() }, ..config() };
    let (a, _a_calls) = endpoint_with(only(Codec::Pcma)).await;
    let (b, _b_calls) = endpoint_with(only(Codec::Pcmu)).await;
    let mut caller = a.dial(&target(b.uri("1"))).unwrap();
    assert_eq!(end(&mut caller).await, LegEnd::Refused(488));
}

#[tokio::test]
async fn calls_beyond_the_limit_get_503() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint_with(EndpointConfig { max_calls: 1, ..config() }).await;
    let (_caller, _callee) = connected(&a, &b, &mut b_calls, None).await;
    let mut second = a.dial(&target(b.uri("1"))).unwrap();
    assert_eq!(end(&mut second).await, LegEnd::Refused(503));
}

#[tokio::test]
async fn hold_and_resume_are_seen_by_the_other_side() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let (mut caller, mut callee) = connected(&a, &b, &mut b_calls, None).await;
    for (leg, other) in [(0, 1), (1, 0)] {
        for hold in [true, false] {
            let legs = [&mut caller, &mut callee];
            legs[leg].hold(hold);
            let seen = event(legs[other]).await;
            assert!(matches!(seen, LegEvent::HeldByPeer(held) if held == hold), "{seen:?}");
            let done = event(legs[leg]).await;
            assert!(matches!(done, LegEvent::Held(held) if held == hold), "{done:?}");
        }
    }
    callee.hang_up();
    assert_eq!(end(&mut caller).await, LegEnd::PeerHangup);
}

#[tokio::test]
async fn early_media_is_heard_before_the_answer() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let mut caller = a.dial(&target(b.uri("1"))).unwrap();
    let callee = soon("the call", b_calls.recv()).await.unwrap().accept().unwrap();
    callee.early_media();
    callee.loop_tone(Tone::RINGBACK);
    let early = event(&mut caller).await;
    assert!(matches!(early, LegEvent::EarlyMedia), "{early:?}");
    soon("early sound", async {
        while !matches!(caller.next().await, LegEvent::Audio(frame) if frame.rms() > 0.02) {}
    })
    .await;
    callee.answer();
    answered(&mut caller).await;
}

#[tokio::test]
async fn digits_cross_as_telephone_events() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let (mut caller, mut callee) = connected(&a, &b, &mut b_calls, None).await;
    caller.send_digits("12#").unwrap();
    for wanted in ['1', '2', '#'] {
        let digit = event(&mut callee).await;
        assert!(matches!(digit, LegEvent::Digit(d) if d == wanted), "{digit:?}");
    }
    let sent = event(&mut caller).await;
    assert!(matches!(sent, LegEvent::DigitsSent), "{sent:?}");
}

#[tokio::test]
async fn a_refreshed_session_outlives_its_interval() {
    let short = TimerPolicy { session_expires: Duration::from_secs(2), min_se: Duration::from_secs(1) };
    let (a, _a_calls) = endpoint_with(EndpointConfig { session_timers: short, ..config() }).await;
    let (b, mut b_calls) = endpoint_with(EndpointConfig { session_timers: short, ..config() }).await;
    let (caller, callee) = connected(&a, &b, &mut b_calls, None).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!caller.is_over() && !callee.is_over());
}

#[tokio::test]
async fn too_short_a_session_interval_is_asked_for_again_with_the_peers_minimum() {
    let short = TimerPolicy { session_expires: Duration::from_secs(60), min_se: Duration::from_secs(30) };
    let (a, _a_calls) = endpoint_with(EndpointConfig { session_timers: short, ..config() }).await;
    let (b, mut b_calls) = endpoint().await;
    let (_caller, _callee) = connected(&a, &b, &mut b_calls, None).await;
}

#[tokio::test]
async fn a_proxy_gets_the_invite_and_its_cancel() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let mut via_proxy = target("sip:%2B14155550177@nowhere.invalid".into());
    via_proxy.proxy = Some(b.local_addr().to_string());
    let mut caller = a.dial(&via_proxy).unwrap();
    let call = soon("the call", b_calls.recv()).await.unwrap();
    assert_eq!(call.arrival.dialled, "+14155550177");
    let mut callee = call.accept().unwrap();
    callee.ring();
    assert!(matches!(soon("ringing", caller.next()).await, LegEvent::Ringing));
    caller.hang_up();
    assert_eq!(end(&mut callee).await, LegEnd::Cancelled);
    forgotten(&a).await;
    forgotten(&b).await;
}

#[tokio::test]
async fn a_call_over_ipv6_says_so_in_its_sdp() {
    let v6 = std::net::IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]);
    let start = || async move {
        let media = offhook_engine::media::MediaConfig { bind: v6, advertised: v6, ..media_config() };
        let media = std::sync::Arc::new(offhook_engine::media::MediaPool::start(media).unwrap());
        let config = EndpointConfig { listen: (v6, 0).into(), ..config() };
        offhook_engine::endpoint::Endpoint::start(config, media).await.unwrap()
    };
    let ((a, _a_calls), (b, mut b_calls)) = (start().await, start().await);
    let (mut caller, mut callee) = connected(&a, &b, &mut b_calls, None).await;
    callee.loop_tone(Tone::sine(440.0));
    soon("sound", async { while !matches!(caller.next().await, LegEvent::Audio(f) if f.rms() > 0.1) {} })
        .await;
    caller.hang_up();
    assert_eq!(end(&mut callee).await, LegEnd::PeerHangup);
}
