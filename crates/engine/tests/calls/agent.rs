//! Calls of an agent, from INVITE to `Ended`.

use std::time::Duration;

use offhook_engine::{
    endpoint::{EndpointConfig, RegistrarConfig},
    host::Admission,
    leg::{LegEnd, LegEvent},
    talk::Line,
};
use offhook_media::tone::Tone;
use offhook_model::{
    call::EndReason,
    report::{CallReport, Role, Turn},
};
use offhook_voice::{
    conversation::ConversationEvent,
    line::{Act, Heard, UtteranceId},
};

use crate::{
    kit::*,
    raw::{Peer, SDP, header},
};

async fn act(line: &Line, act: Act) {
    line.acts.send(act).await.unwrap();
}

#[tokio::test]
async fn an_inbound_call_is_reported_from_ringing_to_its_end() {
    let dir = std::env::temp_dir().join(format!("offhook-engine-{:x}", rand::random::<u64>()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("call.wav");
    let wav = path.clone();
    let talker = TestTalker(Box::new(|mut line| {
        Box::pin(async move {
            act(&line, Act::Play { utterance: UtteranceId(1), samples: Tone::sine(440.0).samples(400) })
                .await;
            act(&line, Act::Finish { utterance: UtteranceId(1) }).await;
            while let Some(heard) = line.heard.recv().await {
                if matches!(heard, Heard::Played { finished: true, .. }) {
                    let turn = Turn {
                        index: 0,
                        role: Role::Agent,
                        text: "beep".into(),
                        confidence: None,
                        at: offhook_model::Timestamp::now(),
                        interrupted: false,
                        latency: None,
                    };
                    line.events.send(ConversationEvent::Turn(turn)).await.unwrap();
                }
            }
        })
    }));
    let mut desk = desk_with(config(), talker, move |arrival| {
        assert_eq!((arrival.dialled.as_str(), arrival.caller.as_str()), ("+14155550199", "+14155550100"));
        Admission::Answer(Box::new(offhook_model::plan::CallPlan { recording: Some(wav.clone()), ..plan() }))
    })
    .await;
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    answered(&mut caller).await;
    soon("sound", async { while !matches!(caller.next().await, LegEvent::Audio(f) if f.rms() > 0.1) {} })
        .await;
    assert!(matches!(desk.report().await, CallReport::Ringing { .. }));
    assert!(matches!(desk.report().await, CallReport::Answered { .. }));
    assert!(matches!(desk.report().await, CallReport::Turn(turn) if turn.text == "beep"));
    assert_eq!(desk.engine.active_calls().len(), 1);
    caller.hang_up();
    let ended = desk.ended().await;
    assert_eq!(ended.reason, EndReason::UserHangup);
    assert!(ended.talk_time > Duration::from_millis(300), "{ended:?}");
    assert_eq!(ended.recording.as_ref(), Some(&path));
    assert!(std::fs::metadata(&path).unwrap().len() > 20_000);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[tokio::test]
async fn the_agent_hangs_up() {
    let mut desk = desk(TestTalker(Box::new(|line| {
        Box::pin(async move { act(&line, Act::HangUp(EndReason::AgentHangup)).await })
    })))
    .await;
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    assert_eq!(end(&mut caller).await, LegEnd::PeerHangup);
    desk.ends_with(EndReason::AgentHangup).await;
}

#[tokio::test]
async fn the_api_hangs_up_and_only_once() {
    let mut desk = desk(listener()).await;
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    answered(&mut caller).await;
    let call = desk.engine.active_calls().remove(0);
    assert!(desk.engine.hang_up(&call, EndReason::ApiHangup));
    let _again = desk.engine.hang_up(&call, EndReason::ApiHangup);
    assert_eq!(end(&mut caller).await, LegEnd::PeerHangup);
    desk.ends_with(EndReason::ApiHangup).await;
    assert!(!desk.engine.hang_up(&call, EndReason::ApiHangup));
}

#[tokio::test]
async fn the_longest_duration_ends_a_call() {
    let short = || offhook_model::plan::CallPlan { max_duration: Duration::from_millis(300), ..plan() };
    let mut desk = desk_with(config(), listener(), move |_| Admission::Answer(Box::new(short()))).await;
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    assert_eq!(end(&mut caller).await, LegEnd::PeerHangup);
    desk.ends_with(EndReason::MaxDurationReached).await;
}

#[tokio::test]
async fn a_panic_in_the_conversation_ends_that_call_only() {
    let mut desk = desk(TestTalker(Box::new(|_line| Box::pin(async { panic!("on purpose") })))).await;
    let (phone, _calls) = endpoint().await;
    for _ in 0..2 {
        let mut caller = phone.dial(&desk.number()).unwrap();
        assert_eq!(end(&mut caller).await, LegEnd::PeerHangup);
        desk.ends_with(EndReason::Error).await;
    }
}

#[tokio::test]
async fn an_unknown_number_gets_404_and_no_report() {
    let mut desk =
        desk_with(config(), listener(), |_| Admission::Reject { status: 404, reason: "Not Found" }).await;
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    assert_eq!(end(&mut caller).await, LegEnd::Refused(404));
    forgotten(desk.engine.endpoint()).await;
    assert!(desk.reports.try_recv().is_err());
}

#[tokio::test]
async fn a_caller_who_gives_up_while_the_host_decides_is_reported() {
    let mut desk = desk_with(config(), listener(), |_| {
        std::thread::sleep(Duration::from_millis(300));
        Admission::Answer(Box::new(plan()))
    })
    .await;
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    caller.hang_up();
    end(&mut caller).await;
    let reason = desk.ended().await.reason;
    assert!(matches!(reason, EndReason::CallerCancelled | EndReason::UserHangup), "{reason:?}");
}

#[tokio::test]
async fn outbound_outcomes_have_their_reasons() {
    let mut desk = desk_with(
        EndpointConfig { ring_timeout: Duration::from_millis(400), ..config() },
        listener(),
        |_| Admission::Reject { status: 404, reason: "Not Found" },
    )
    .await;
    let (phone, mut calls) = endpoint().await;
    let there = || target(phone.uri("+14155550177"));
    for (status, reason) in [
        (486, EndReason::DialBusy),
        (603, EndReason::DialFailed),
        (480, EndReason::DialNoAnswer),
        (404, EndReason::DialFailed),
    ] {
        desk.engine.dial(plan(), vec![there()]).unwrap();
        soon("the call", calls.recv()).await.unwrap().reject(status);
        desk.ends_with(reason).await;
    }
    desk.engine.dial(plan(), vec![]).unwrap();
    desk.ends_with(EndReason::DialFailed).await;
    desk.engine.dial(plan(), vec![target("nonsense".into())]).unwrap();
    desk.ends_with(EndReason::DialFailed).await;

    desk.engine.dial(plan(), vec![there()]).unwrap();
    let mut ringing = soon("the call", calls.recv()).await.unwrap().accept().unwrap();
    ringing.ring();
    assert!(matches!(desk.report().await, CallReport::Ringing { .. }));
    desk.ends_with(EndReason::DialNoAnswer).await;
    assert_eq!(end(&mut ringing).await, LegEnd::Cancelled);

    desk.engine.dial(plan(), vec![there()]).unwrap();
    let mut ringing = soon("the call", calls.recv()).await.unwrap().accept().unwrap();
    ringing.ring();
    assert!(desk.engine.hang_up(&desk.engine.active_calls().remove(0), EndReason::ApiHangup));
    desk.ends_with(EndReason::ApiHangup).await;
    assert_eq!(end(&mut ringing).await, LegEnd::Cancelled);
}

#[tokio::test]
async fn the_next_target_is_tried_when_one_fails() {
    let mut desk = desk(listener()).await;
    let (phone, mut calls) = endpoint().await;
    let targets = vec![target(phone.uri("1")), target(phone.uri("2"))];
    desk.engine.dial(plan(), targets).unwrap();
    soon("the first", calls.recv()).await.unwrap().reject(503);
    let second = soon("the second", calls.recv()).await.unwrap();
    assert_eq!(second.arrival.dialled, "2");
    let mut callee = second.accept().unwrap();
    callee.answer();
    answered(&mut callee).await;
    assert!(matches!(desk.report().await, CallReport::Answered { .. }));
    callee.hang_up();
    desk.ends_with(EndReason::UserHangup).await;
}

#[tokio::test]
async fn shutdown_ends_and_reports_every_call() {
    let mut desk = desk(listener()).await;
    let (phone, _calls) = endpoint().await;
    let mut legs = Vec::new();
    for _ in 0..5 {
        let mut leg = phone.dial(&desk.number()).unwrap();
        answered(&mut leg).await;
        legs.push(leg);
    }
    desk.engine.shutdown(Duration::from_millis(50), None).await;
    for leg in &mut legs {
        assert_eq!(end(leg).await, LegEnd::PeerHangup);
    }
    let mut ended = 0;
    while let Ok((_, report)) = desk.reports.try_recv() {
        if let CallReport::Ended(end) = report {
            assert_eq!(end.reason, EndReason::Shutdown);
            ended += 1;
        }
    }
    assert_eq!(ended, 5);
    assert!(desk.engine.dial(plan(), vec![]).is_err());
}

#[tokio::test]
async fn only_a_handset_with_its_password_is_connected_outward() {
    let (far, mut far_calls) = endpoint().await;
    let onward = target(far.uri("+14155550155"));
    let registrar = RegistrarConfig { realm: "offhook".into(), password: "secret".into() };
    let config = EndpointConfig { registrar: Some(registrar), ..config() };
    let desk = desk_with(config, listener(), move |_| Admission::Connect(vec![onward.clone()])).await;
    let (phone, _calls) = endpoint().await;

    let mut stranger = phone.dial(&desk.number()).unwrap();
    assert_eq!(end(&mut stranger).await, LegEnd::Refused(407));

    let mut number = desk.number();
    number.credentials = credentials("secret");
    let mut caller = phone.dial(&number).unwrap();
    let callee = soon("the call", far_calls.recv()).await.unwrap().accept().unwrap();
    callee.ring();
    assert!(matches!(soon("ringing", caller.next()).await, LegEvent::Ringing));
    callee.answer();
    answered(&mut caller).await;
    callee.loop_tone(Tone::sine(440.0));
    soon("sound", async { while !matches!(caller.next().await, LegEvent::Audio(f) if f.rms() > 0.1) {} })
        .await;
    callee.hang_up();
    assert_eq!(end(&mut caller).await, LegEnd::PeerHangup);
    forgotten(desk.engine.endpoint()).await;
}

#[tokio::test]
async fn a_caller_that_falls_silent_is_hung_up_on() {
    let media =
        offhook_engine::media::MediaConfig { rtp_timeout: Duration::from_millis(500), ..media_config() };
    let mut desk = desk_from(config(), media, listener(), |_| Admission::Answer(Box::new(plan()))).await;
    let mut peer = Peer::new(desk.engine.sip_addr()).await;
    peer.call("", SDP, "").await;
    let bye = peer.asked("BYE").await;
    assert!(header(&bye, "Reason").contains("RTP timeout"), "{bye}");
    desk.ends_with(EndReason::MediaTimeout).await;
}

#[tokio::test]
async fn the_conversation_hears_hold_and_digits() {
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let talker = TestTalker(Box::new(move |mut line| {
        let sender = sender.clone();
        Box::pin(async move {
            act(&line, Act::SendDigits("4".into())).await;
            while let Some(event) = line.heard.recv().await {
                if !matches!(event, Heard::Audio(_)) {
                    let _test_over = sender.send(format!("{event:?}"));
                }
            }
        })
    }));
    let mut desk = desk(talker).await;
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    answered(&mut caller).await;
    let digit = event(&mut caller).await;
    assert!(matches!(digit, LegEvent::Digit('4')), "{digit:?}");
    assert_eq!(soon("digits sent", heard.recv()).await.unwrap(), "DigitsSent");
    caller.hold(true);
    assert_eq!(soon("hold", heard.recv()).await.unwrap(), "Held(true)");
    caller.hold(false);
    assert_eq!(soon("resume", heard.recv()).await.unwrap(), "Held(false)");
    caller.send_digits("9").unwrap();
    assert_eq!(soon("a digit", heard.recv()).await.unwrap(), "Digit('9')");
    caller.hang_up();
    desk.ends_with(EndReason::UserHangup).await;
}
