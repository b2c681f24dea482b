//! Handsets and credentials.

use md5::{Digest as _, Md5};
use offhook_engine::{
    endpoint::{EndpointConfig, RegistrarConfig},
    leg::{LegEnd, LegEvent},
};

use crate::{
    kit::*,
    raw::{Peer, header},
};

fn with_handsets() -> EndpointConfig {
    let registrar = RegistrarConfig { realm: "offhook".into(), password: "secret".into() };
    EndpointConfig { registrar: Some(registrar), ..config() }
}

fn authorization(challenge: &str, method: &str, password: &str) -> String {
    let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    let md5 = |text: String| hex::encode(Md5::digest(text));
    let ha1 = md5(format!("+14155550199:offhook:{password}"));
    let ha2 = md5(format!("{method}:sip:x"));
    let response = md5(format!("{ha1}:{nonce}:00000001:c:auth:{ha2}"));
    format!(
        "Authorization: Digest username=\"+14155550199\", realm=\"offhook\", nonce=\"{nonce}\", uri=\"sip:x\", \
         response=\"{response}\", qop=auth, nc=00000001, cnonce=\"c\"\r\n"
    )
}

#[tokio::test]
async fn a_handset_registers_is_called_and_goes() {
    let (b, _calls) = endpoint_with(with_handsets()).await;
    let mut phone = Peer::new(b.local_addr()).await;
    let challenge = phone.ask("REGISTER", "Expires: 60\r\n", "").await;
    assert!(challenge.starts_with("SIP/2.0 401"), "{challenge}");
    let wrong = authorization(header(&challenge, "WWW-Authenticate"), "REGISTER", "guess");
    assert!(phone.ask("REGISTER", &wrong, "").await.starts_with("SIP/2.0 403"));
    assert!(b.handset_contacts("+14155550199").is_empty());
    let right = authorization(header(&challenge, "WWW-Authenticate"), "REGISTER", "secret");
    let ok = phone.ask("REGISTER", &format!("{right}Expires: 60\r\n"), "").await;
    assert!(ok.starts_with("SIP/2.0 200") && header(&ok, "Contact").contains("expires="), "{ok}");

    let contacts = b.handset_contacts("+14155550199");
    assert_eq!(contacts.len(), 1);
    let mut leg = b.dial(&contacts[0]).unwrap();
    let invite = loop {
        let text = phone.receive().await;
        if text.starts_with("INVITE ") {
            break text;
        }
    };
    assert!(header(&invite, "Allow").contains("REFER"), "{invite}");
    assert!(!invite.contains("restsend"), "{invite}");
    leg.hang_up();
    assert_eq!(end(&mut leg).await, LegEnd::LocalHangup);

    let gone = phone.ask("REGISTER", &format!("{right}Expires: 0\r\n"), "").await;
    assert!(gone.starts_with("SIP/2.0 200"), "{gone}");
    assert!(b.handset_contacts("+14155550199").is_empty());
}

#[tokio::test]
async fn nobody_registers_where_no_password_is_set() {
    let (b, _calls) = endpoint().await;
    let mut phone = Peer::new(b.local_addr()).await;
    assert!(phone.ask("REGISTER", "", "").await.starts_with("SIP/2.0 403"));
}

#[tokio::test]
async fn a_challenged_call_goes_through_with_the_right_password_only() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut calls) = endpoint_with(with_handsets()).await;
    let mut right = target(b.uri("911"));
    right.credentials = credentials("secret");
    let mut caller = a.dial(&right).unwrap();
    let first = soon("the call", calls.recv()).await.unwrap();
    assert_eq!(first.arrival.handset, None);
    first.challenge();
    let second = soon("the call", calls.recv()).await.unwrap();
    assert_eq!(second.arrival.handset.as_deref(), Some("1000"));
    assert_eq!(second.arrival.dialled, "911");
    let callee = second.accept().unwrap();
    callee.answer();
    answered(&mut caller).await;
    caller.hang_up();
    end(&mut caller).await;

    for password in [Some("guess"), None] {
        let mut wrong = target(b.uri("911"));
        wrong.credentials = password.and_then(credentials);
        let mut caller = a.dial(&wrong).unwrap();
        soon("the call", calls.recv()).await.unwrap().challenge();
        let LegEnd::Refused(status) = end(&mut caller).await else { panic!("not refused") };
        assert_eq!(status, if password.is_some() { 403 } else { 407 });
    }
    forgotten(&a).await;
}

#[tokio::test]
async fn a_challenged_call_can_still_be_cancelled() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut calls) = endpoint_with(with_handsets()).await;
    let mut number = target(b.uri("911"));
    number.credentials = credentials("secret");
    let mut caller = a.dial(&number).unwrap();
    soon("the call", calls.recv()).await.unwrap().challenge();
    let mut callee = soon("the call", calls.recv()).await.unwrap().accept().unwrap();
    callee.ring();
    assert!(matches!(soon("ringing", caller.next()).await, LegEvent::Ringing));
    caller.hang_up();
    assert_eq!(end(&mut callee).await, LegEnd::Cancelled);
    forgotten(&b).await;
}

#[tokio::test]
async fn a_refer_is_answered_and_its_outcome_told() {
    let (a, _a_calls) = endpoint().await;
    let (b, mut b_calls) = endpoint().await;
    let (mut caller, mut callee) = connected(&a, &b, &mut b_calls, None).await;
    assert!(caller.peer_allows_refer() && callee.peer_allows_refer());
    for (status, outcome) in [(200, Ok(())), (486, Err(486))] {
        caller.refer("sip:+14155550111@127.0.0.1");
        let LegEvent::Referred(request) = event(&mut callee).await else { panic!("no REFER") };
        assert_eq!(request.target.user, "+14155550111");
        request.accept();
        let trying = event(&mut caller).await;
        assert!(matches!(trying, LegEvent::ReferProgress(100)), "{trying:?}");
        callee.notify_refer(status, true);
        let done = event(&mut caller).await;
        assert!(matches!(&done, LegEvent::ReferDone(o) if *o == outcome), "{done:?}");
    }
    caller.refer("sip:+14155550111@127.0.0.1");
    let LegEvent::Referred(request) = event(&mut callee).await else { panic!("no REFER") };
    drop(request);
    let done = event(&mut caller).await;
    assert!(matches!(done, LegEvent::ReferDone(Err(603))), "{done:?}");
}
