//! A peer made of a UDP socket, for what a well-behaved one never sends.

use std::{net::SocketAddr, time::Duration};

use offhook_engine::{
    endpoint::EndpointConfig,
    leg::{LegEnd, LegEvent},
};
use offhook_sip::session_timer::TimerPolicy;
use tokio::net::UdpSocket;

use crate::kit::*;

pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

pub struct Peer {
    socket: UdpSocket,
    to: SocketAddr,
    to_tag: String,
    cseq: u32,
    call_id: String,
}

impl Peer {
    pub async fn new(to: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Self { socket, to, to_tag: String::new(), cseq: 0, call_id: format!("{:x}", rand::random::<u64>()) }
    }

    pub fn request(&self, method: &str, cseq: u32, headers: &str, body: &str) -> String {
        let us = self.socket.local_addr().unwrap();
        let tag = if self.to_tag.is_empty() { String::new() } else { format!(";tag={}", self.to_tag) };
        let content = if body.is_empty() || headers.contains("Content-Type") {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} sip:+14155550199@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {us};rport;branch=z9hG4bK{branch:x}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:1000@{us}>;tag=raw\r\nTo: <sip:+14155550199@{to}>{tag}\r\n\
             Call-ID: {id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:1000@{us}>\r\n{headers}{content}\
             Content-Length: {length}\r\n\r\n{body}",
            to = self.to,
            id = self.call_id,
            branch = rand::random::<u64>(),
            length = body.len(),
        )
    }

    pub async fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.to).await.unwrap();
    }

    pub async fn receive(&self) -> String {
        let mut buffer = vec![0; 65_536];
        let (length, _) = soon("a datagram", self.socket.recv_from(&mut buffer)).await.unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// Sends a request; returns its final response.
    pub async fn ask(&mut self, method: &str, headers: &str, body: &str) -> String {
        self.cseq += 1;
        let request = self.request(method, self.cseq, headers, body);
        self.send(&request).await;
        self.answer_to(self.cseq, method).await
    }

    pub async fn answer_to(&self, cseq: u32, method: &str) -> String {
        loop {
            let text = self.receive().await;
            if text.starts_with("SIP/2.0 ")
                && !text.starts_with("SIP/2.0 1")
                && text.contains(&format!("CSeq: {cseq} {method}\r\n"))
            {
                return text;
            }
        }
    }

    /// INVITE, 200, ACK.
    pub async fn call(&mut self, headers: &str, offer: &str, ack: &str) -> String {
        let ok = self.ask("INVITE", headers, offer).await;
        assert!(ok.starts_with("SIP/2.0 200"), "{ok}");
        self.to_tag = header(&ok, "To").split("tag=").nth(1).unwrap().to_owned();
        self.send(&self.request("ACK", self.cseq, "", ack)).await;
        ok
    }

    /// The next request of this method, answered with 200.
    pub async fn asked(&self, method: &str) -> String {
        loop {
            let text = self.receive().await;
            if text.starts_with(&format!("{method} ")) {
                let mut reply = String::from("SIP/2.0 200 OK\r\n");
                for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
                    reply.push_str(&format!("{name}: {}\r\n", header(&text, name)));
                }
                reply.push_str("Content-Length: 0\r\n\r\n");
                self.send(&reply).await;
                return text;
            }
        }
    }
}

pub fn header<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

#[tokio::test]
async fn an_offerless_invite_gets_the_offer_in_200_and_answers_in_ack() {
    let (b, mut calls) = endpoint().await;
    let mut peer = Peer::new(b.local_addr()).await;
    let (ok, mut leg) = tokio::join!(peer.call("", "", SDP), async {
        let mut leg = soon("the call", calls.recv()).await.unwrap().accept().unwrap();
        leg.answer();
        answered(&mut leg).await;
        leg
    });
    assert!(ok.contains("m=audio ") && ok.contains("RTP/AVP 0 8 101"), "{ok}");
    // Sound only leaves once the ACK has told where to.
    soon("packets", async {
        while leg.media_stats().packets_sent == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(peer.ask("BYE", "", "").await.starts_with("SIP/2.0 200"));
    assert_eq!(end(&mut leg).await, LegEnd::PeerHangup);
    forgotten(&b).await;
}

#[tokio::test]
async fn requests_within_the_dialog_are_answered() {
    let (b, mut calls) = endpoint().await;
    let mut peer = Peer::new(b.local_addr()).await;
    let (_, mut leg) = tokio::join!(peer.call("", SDP, ""), async {
        let mut leg = soon("the call", calls.recv()).await.unwrap().accept().unwrap();
        leg.answer();
        answered(&mut leg).await;
        leg
    });
    let relay = "Content-Type: application/dtmf-relay\r\n";
    assert!(peer.ask("INFO", relay, "Signal=7\r\nDuration=160\r\n").await.starts_with("SIP/2.0 200"));
    let digit = event(&mut leg).await;
    assert!(matches!(digit, LegEvent::Digit('7')), "{digit:?}");
    assert!(peer.ask("INFO", "Content-Type: text/plain\r\n", "hello").await.starts_with("SIP/2.0 415"));
    assert!(peer.ask("OPTIONS", "", "").await.starts_with("SIP/2.0 200"));
    let hold = SDP.replace("m=audio", "a=inactive\r\nm=audio");
    let update = peer.ask("UPDATE", "", &hold).await;
    assert!(update.starts_with("SIP/2.0 200") && update.contains("a=inactive"), "{update}");
    assert!(matches!(event(&mut leg).await, LegEvent::HeldByPeer(true)));
    assert!(peer.ask("MESSAGE", "Content-Type: text/plain\r\n", "hi").await.starts_with("SIP/2.0 405"));
    // An old CSeq is an error, not silence.
    let old = peer.request("OPTIONS", 1, "", "");
    peer.send(&old).await;
    assert!(peer.answer_to(1, "OPTIONS").await.starts_with("SIP/2.0 500"));
    leg.hang_up();
    let bye = peer.asked("BYE").await;
    assert!(bye.starts_with("BYE sip:1000@"), "{bye}");
    forgotten(&b).await;
}

#[tokio::test]
async fn requests_outside_dialogs_are_answered() {
    let (b, _calls) = endpoint().await;
    let mut peer = Peer::new(b.local_addr()).await;
    let options = peer.ask("OPTIONS", "", "").await;
    assert!(options.starts_with("SIP/2.0 200") && header(&options, "Allow").contains("REFER"), "{options}");
    assert!(peer.ask("MESSAGE", "Content-Type: text/plain\r\n", "hi").await.starts_with("SIP/2.0 405"));
    assert!(peer.ask("BYE", "", "").await.starts_with("SIP/2.0 481"));
    assert!(peer.ask("INVITE", "Require: 100rel\r\n", SDP).await.starts_with("SIP/2.0 420"));
    assert!(peer.ask("INVITE", "", "nonsense").await.starts_with("SIP/2.0 400"));
    let savp = SDP.replace("RTP/AVP", "RTP/SAVP");
    assert!(peer.ask("INVITE", "", &savp).await.starts_with("SIP/2.0 488"));
    let timer = "Supported: timer\r\nSession-Expires: 20\r\n";
    let small = peer.ask("INVITE", timer, SDP).await;
    assert!(small.starts_with("SIP/2.0 422") && header(&small, "Min-SE") == "90", "{small}");
    b.drain();
    assert!(peer.ask("OPTIONS", "", "").await.starts_with("SIP/2.0 503"));
    assert!(peer.ask("INVITE", "", SDP).await.starts_with("SIP/2.0 503"));
}

#[tokio::test]
async fn a_peer_that_never_refreshes_is_hung_up_on() {
    let short = TimerPolicy { session_expires: Duration::from_secs(2), min_se: Duration::from_secs(1) };
    let (b, mut calls) = endpoint_with(EndpointConfig { session_timers: short, ..config() }).await;
    let mut peer = Peer::new(b.local_addr()).await;
    let timer = "Supported: timer\r\nSession-Expires: 2;refresher=uac\r\n";
    let (ok, mut leg) = tokio::join!(peer.call(timer, SDP, ""), async {
        let mut leg = soon("the call", calls.recv()).await.unwrap().accept().unwrap();
        leg.answer();
        answered(&mut leg).await;
        leg
    });
    assert_eq!(header(&ok, "Session-Expires"), "2;refresher=uac");
    assert_eq!(header(&ok, "Require"), "timer");
    let bye = peer.asked("BYE").await;
    assert!(header(&bye, "Reason").contains("Session expired"), "{bye}");
    assert_eq!(end(&mut leg).await, LegEnd::Lost);
    forgotten(&b).await;
}

#[tokio::test]
async fn a_caller_whose_ack_never_comes_is_hung_up_on() {
    let config = EndpointConfig { t1: Duration::from_millis(20), ..config() };
    let (b, mut calls) = endpoint_with(config).await;
    let peer = Peer::new(b.local_addr()).await;
    peer.send(&peer.request("INVITE", 1, "", SDP)).await;
    let mut leg = soon("the call", calls.recv()).await.unwrap().accept().unwrap();
    leg.answer();
    answered(&mut leg).await;
    peer.asked("BYE").await;
    assert_eq!(end(&mut leg).await, LegEnd::Lost);
    forgotten(&b).await;
}
