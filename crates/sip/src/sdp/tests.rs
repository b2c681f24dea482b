use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

const BARESIP: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

fn local() -> SocketAddr {
    "192.0.2.1:20000".parse().unwrap()
}

fn session() -> SdpSession {
    SdpSession::new(Policy::default(), local(), 7)
}

fn text(body: Vec<u8>) -> String {
    String::from_utf8(body).unwrap()
}

fn with_media(media: &str) -> String {
    format!("v=0\r\no=- 1 2 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n{media}")
}

#[test]
fn an_offer_names_our_codecs_and_telephone_event() {
    insta::assert_snapshot!(text(session().offer(Direction::SendRecv)).replace("\r\n", "\n"), @r"
    v=0
    o=offhook 7 1 IN IP4 192.0.2.1
    s=-
    c=IN IP4 192.0.2.1
    t=0 0
    m=audio 20000 RTP/AVP 0 8 101
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-16
    a=ptime:20
    a=sendrecv
    ");
}

#[test]
fn an_answer_has_one_codec_in_the_offerers_order_and_numbers() {
    let (body, agreed) = session().answer(BARESIP.replace("101", "96").as_bytes()).unwrap();
    assert_eq!(agreed.codec, Codec::Pcma);
    assert_eq!(agreed.payload_type, 8);
    assert_eq!(agreed.telephone_event, Some(96));
    assert_eq!(agreed.remote, "127.0.0.1:4000".parse().unwrap());
    assert!(text(body).contains("m=audio 20000 RTP/AVP 8 96\r\n"));
}

#[test]
fn every_other_media_line_is_rejected_in_place() {
    let offer = with_media(
        "m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 8\r\n",
    );
    let mut session = session();
    let (body, agreed) = session.answer(offer.as_bytes()).unwrap();
    let body = text(body);
    let lines: Vec<_> = body.lines().filter(|l| l.starts_with("m=")).collect();
    assert_eq!(lines, ["m=video 0 RTP/AVP 96", "m=audio 20000 RTP/AVP 0", "m=audio 0 RTP/AVP 8"]);
    assert_eq!(agreed.telephone_event, None);
    // A later offer of ours keeps number and order.
    let again = text(session.offer(Direction::SendOnly));
    let lines: Vec<_> = again.lines().filter(|l| l.starts_with("m=")).collect();
    assert_eq!(lines, ["m=video 0 RTP/AVP 96", "m=audio 20000 RTP/AVP 0 8 101", "m=audio 0 RTP/AVP 8"]);
}

#[test]
fn static_payload_types_need_no_rtpmap() {
    let (_, agreed) = session().answer(with_media("m=audio 4000 RTP/AVP 8\r\n").as_bytes()).unwrap();
    assert_eq!((agreed.codec, agreed.ptime_ms), (Codec::Pcma, 20));
}

#[test]
fn a_media_level_address_overrides_the_session_level_one() {
    let offer = with_media("m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::5\r\n");
    let (_, agreed) = session().answer(offer.as_bytes()).unwrap();
    assert_eq!(agreed.remote, "[2001:db8::5]:4000".parse().unwrap());
}

#[test]
fn an_ipv6_session_says_ip6() {
    let mut session = SdpSession::new(Policy::default(), "[2001:db8::1]:20000".parse().unwrap(), 1);
    let body = text(session.offer(Direction::SendRecv));
    assert!(body.contains("c=IN IP6 2001:db8::1\r\n") && body.contains(" IN IP6 2001:db8::1\r\ns=-"));
}

#[test]
fn hold_is_understood_in_all_three_forms() {
    let hold = |media: &str| session().answer(with_media(media).as_bytes()).unwrap().1.direction;
    assert_eq!(hold("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n"), Direction::RecvOnly);
    assert_eq!(hold("m=audio 4000 RTP/AVP 0\r\na=inactive\r\n"), Direction::Inactive);
    assert_eq!(hold("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"), Direction::RecvOnly);
    assert_eq!(hold("m=audio 4000 RTP/AVP 0\r\n"), Direction::SendRecv);
}

#[test]
fn a_session_level_direction_counts_unless_the_line_has_its_own() {
    let offer = with_media("m=audio 4000 RTP/AVP 0\r\n").replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n");
    assert_eq!(session().answer(offer.as_bytes()).unwrap().1.direction, Direction::RecvOnly);
    let offer = format!("{offer}a=sendrecv\r\n");
    assert_eq!(session().answer(offer.as_bytes()).unwrap().1.direction, Direction::SendRecv);
}

#[test]
fn offer_without_common_codec_gets_488() {
    let error = session().answer(with_media("m=audio 4000 RTP/AVP 18\r\n").as_bytes()).unwrap_err();
    assert_eq!((error.status(), error), (488, SdpError::NoCommonCodec));
}

#[test]
fn a_mandatory_srtp_offer_gets_488_and_an_optional_one_is_answered_in_the_clear() {
    let error = session().answer(with_media("m=audio 4000 RTP/SAVP 0\r\n").as_bytes()).unwrap_err();
    assert_eq!((error.status(), error), (488, SdpError::Transport("RTP/SAVP".to_owned())));
    let optional = "m=audio 4000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n";
    assert!(!text(session().answer(with_media(optional).as_bytes()).unwrap().0).contains("crypto"));
    let both = "m=audio 4000 RTP/SAVP 0\r\nm=audio 4002 RTP/AVP 0\r\n";
    assert_eq!(session().answer(with_media(both).as_bytes()).unwrap().1.remote.port(), 4002);
}

#[test]
fn missing_audio_and_nonsense_have_their_own_statuses() {
    let status = |body: &str| session().answer(body.as_bytes()).unwrap_err().status();
    assert_eq!(status(&with_media("m=video 5000 RTP/AVP 96\r\n")), 488);
    assert_eq!(status(&with_media("m=audio 0 RTP/AVP 0\r\n")), 488);
    assert_eq!(status("hello"), 400);
    assert_eq!(status(""), 400);
    assert_eq!(status("v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"), 488);
    assert_eq!(status(&with_media("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 example.com\r\n")), 488);
}

#[test]
fn the_version_grows_only_when_something_changed() {
    let mut session = session();
    let version = |body: Vec<u8>| text(body).lines().nth(1).unwrap().split(' ').nth(2).unwrap().to_owned();
    assert_eq!(version(session.offer(Direction::SendRecv)), "1");
    assert_eq!(version(session.offer(Direction::SendRecv)), "1");
    assert_eq!(version(session.offer(Direction::SendOnly)), "2");
    assert_eq!(version(session.repeat().unwrap()), "2");
    assert_eq!(version(session.answer(BARESIP.as_bytes()).unwrap().0), "3");
    assert_eq!(version(session.answer(BARESIP.as_bytes()).unwrap().0), "3");
}

#[test]
fn an_answer_is_applied_with_its_own_numbers() {
    let mut session = session();
    let _ = session.offer(Direction::SendRecv);
    let answer =
        with_media("m=audio 4000 RTP/AVP 8 97\r\na=rtpmap:97 telephone-event/8000\r\na=ptime:30\r\n");
    let agreed = session.apply(answer.as_bytes()).unwrap();
    assert_eq!((agreed.codec, agreed.telephone_event, agreed.ptime_ms), (Codec::Pcma, Some(97), 30));
    assert_eq!(
        session.apply(with_media("m=audio 4 RTP/AVP 18\r\n").as_bytes()),
        Err(SdpError::NoCommonCodec)
    );
    let two = with_media("m=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 96\r\n");
    assert_eq!(session.apply(two.as_bytes()), Err(SdpError::Mismatch));
    assert_eq!(session.agreed(), Some(agreed));
}

#[test]
fn a_call_we_hold_stays_held_when_the_peer_re_offers() {
    let mut session = session();
    let _ = session.offer(Direction::SendOnly);
    let agreed = session.answer(BARESIP.as_bytes()).unwrap().1;
    assert_eq!(agreed.direction, Direction::SendOnly);
}

#[test]
fn packet_times_follow_the_peer_within_reason() {
    let ptime = |attributes: &str| {
        session()
            .answer(with_media(&format!("m=audio 4000 RTP/AVP 0\r\n{attributes}")).as_bytes())
            .unwrap()
            .1
            .ptime_ms
    };
    assert_eq!(ptime("a=ptime:40\r\n"), 40);
    assert_eq!(ptime("a=ptime:60\r\na=maxptime:30\r\n"), 30);
    assert_eq!(ptime("a=ptime:5\r\n"), 10);
    assert_eq!(ptime("a=ptime:65000\r\n"), 20);
    assert_eq!(ptime("a=ptime:x\r\n"), 20);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = session().answer(&bytes);
        let _ = session().apply(&bytes);
    }

    #[test]
    fn mutated_descriptions_never_panic(at in 0usize..320, byte in any::<u8>(), cut in 0usize..320) {
        let mut bytes = BARESIP.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(bytes.len().saturating_sub(cut % bytes.len()));
        let _ = session().answer(&bytes);
    }

    #[test]
    fn what_we_answer_can_be_read_back(pt in 96u8..128, ptime in 0u16..100, direction in 0usize..4) {
        let direction = ["sendrecv", "sendonly", "recvonly", "inactive"][direction];
        let offer = with_media(&format!(
            "m=audio 4000 RTP/AVP 0 {pt}\r\na=rtpmap:{pt} telephone-event/8000\r\na=ptime:{ptime}\r\na={direction}\r\n"
        ));
        let (body, agreed) = session().answer(offer.as_bytes()).unwrap();
        let read = RemoteDescription::parse(&body).unwrap();
        prop_assert_eq!(read.audio.address, local());
        prop_assert_eq!(read.audio.telephone_event, Some(pt));
        prop_assert_eq!(read.audio.direction, agreed.direction);
    }
}
