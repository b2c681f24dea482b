//! Handing a call over.

use offhook_engine::leg::{LegEnd, LegEvent};
use offhook_media::tone::Tone;
use offhook_model::{call::EndReason, e164::E164};
use offhook_voice::line::{Act, Heard};
use tokio::sync::mpsc;

use crate::kit::*;

/// A talker that asks for a transfer at once and passes on its failure.
fn transferring() -> (TestTalker, mpsc::UnboundedReceiver<String>) {
    let (sender, failures) = mpsc::unbounded_channel();
    let talker = TestTalker(Box::new(move |mut line| {
        let sender = sender.clone();
        Box::pin(async move {
            let to = E164::from_dialled("+14155550155").unwrap();
            line.acts.send(Act::Transfer { to }).await.unwrap();
            while let Some(heard) = line.heard.recv().await {
                if let Heard::TransferFailed { reason } = heard {
                    let _test_over = sender.send(reason);
                }
            }
        })
    }));
    (talker, failures)
}

#[tokio::test]
async fn a_caller_that_takes_refer_is_handed_over_by_it() {
    let (talker, _failures) = transferring();
    let mut desk = desk(talker).await;
    *desk.host.routes.lock().unwrap() = vec![target("sip:+14155550155@127.0.0.1:9".into())];
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    answered(&mut caller).await;
    let LegEvent::Referred(request) = event(&mut caller).await else { panic!("no REFER") };
    assert_eq!(request.target.uri, "sip:+14155550155@127.0.0.1:9");
    request.accept();
    caller.notify_refer(200, true);
    assert_eq!(end(&mut caller).await, LegEnd::PeerHangup);
    desk.ends_with(EndReason::CallTransfer).await;
}

#[tokio::test]
async fn a_caller_that_refuses_refer_is_bridged() {
    let (talker, _failures) = transferring();
    let mut desk = desk(talker).await;
    let (far, mut far_calls) = endpoint().await;
    *desk.host.routes.lock().unwrap() = vec![target(far.uri("+14155550155"))];
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    answered(&mut caller).await;
    let LegEvent::Referred(request) = event(&mut caller).await else { panic!("no REFER") };
    request.reject(405);
    let mut callee = soon("the bridge", far_calls.recv()).await.unwrap().accept().unwrap();
    callee.ring();
    soon("ringback", async { while !matches!(caller.next().await, LegEvent::Audio(f) if f.rms() > 0.02) {} })
        .await;
    callee.answer();
    answered(&mut callee).await;
    caller.loop_tone(Tone::sine(440.0));
    soon("sound", async { while !matches!(callee.next().await, LegEvent::Audio(f) if f.rms() > 0.1) {} })
        .await;
    caller.hang_up();
    assert_eq!(end(&mut callee).await, LegEnd::PeerHangup);
    desk.ends_with(EndReason::CallTransfer).await;
}

#[tokio::test]
async fn a_transfer_that_fails_gives_the_call_back_to_the_agent() {
    let (talker, mut failures) = transferring();
    let mut desk = desk(talker).await;
    let (far, mut far_calls) = endpoint().await;
    *desk.host.routes.lock().unwrap() = vec![target(far.uri("+14155550155"))];
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    answered(&mut caller).await;
    let LegEvent::Referred(request) = event(&mut caller).await else { panic!("no REFER") };
    drop(request);
    soon("the bridge", far_calls.recv()).await.unwrap().reject(486);
    assert_eq!(soon("the failure", failures.recv()).await.unwrap(), "busy");
    assert!(!caller.is_over());
    caller.hang_up();
    desk.ends_with(EndReason::UserHangup).await;
}

#[tokio::test]
async fn without_a_route_the_transfer_fails_at_once() {
    let (talker, mut failures) = transferring();
    let mut desk = desk(talker).await;
    let (phone, _calls) = endpoint().await;
    let caller = phone.dial(&desk.number()).unwrap();
    assert_eq!(soon("the failure", failures.recv()).await.unwrap(), "no route");
    caller.hang_up();
    desk.ends_with(EndReason::UserHangup).await;
}

#[tokio::test]
async fn a_stranger_cannot_send_the_agent_elsewhere() {
    let mut desk = desk(listener()).await;
    *desk.host.routes.lock().unwrap() = vec![target("sip:+14155550155@127.0.0.1:9".into())];
    let (phone, _calls) = endpoint().await;
    let mut caller = phone.dial(&desk.number()).unwrap();
    answered(&mut caller).await;
    caller.refer("sip:+14155550155@127.0.0.1");
    let done = event(&mut caller).await;
    assert!(matches!(done, LegEvent::ReferDone(Err(603))), "{done:?}");
    caller.hang_up();
    desk.ends_with(EndReason::UserHangup).await;
}
