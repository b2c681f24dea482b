//! Datagrams no sane peer sends.

use crate::{
    kit::*,
    raw::{Peer, SDP},
};

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_mutated_datagrams_leave_it_answering() {
    let (b, mut calls) = endpoint().await;
    let served = tokio::spawn(async move {
        let mut taken = 0;
        while let Some(call) = calls.recv().await {
            taken += 1;
            call.reject(404);
        }
        taken
    });
    let peer = Peer::new(b.local_addr()).await;
    let seeds: Vec<Vec<u8>> = [
        ("INVITE", "Session-Expires: 90\r\nProxy-Authorization: Digest username=\"a\", qop=auth\r\n", SDP),
        ("OPTIONS", "Require: timer\r\n", ""),
        (
            "REGISTER",
            "Authorization: Digest username=\"1\", realm=\"x\", nonce=\"1-2\"\r\nExpires: 60\r\n",
            "",
        ),
        ("REFER", "Refer-To: <sip:1@2>\r\n", ""),
        ("CANCEL", "", ""),
        ("BYE", "", ""),
    ]
    .iter()
    .map(|(method, headers, body)| peer.request(method, 1, headers, body).into_bytes())
    .collect();
    // xorshift: the same packets on every run.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for round in 0..5_000 {
        let mut bytes = seeds[random(seeds.len())].clone();
        for _ in 0..=random(6) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = u8::try_from(random(256)).unwrap(),
                1 => bytes.truncate(at.max(1)),
                2 => {
                    let end = (at + random(40)).min(bytes.len());
                    bytes.drain(at..end);
                    if bytes.is_empty() {
                        bytes.push(b'X');
                    }
                }
                _ => {
                    let piece: Vec<u8> = bytes[at..(at + 20).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        peer.send(&String::from_utf8_lossy(&bytes)).await;
        if round % 100 == 99 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
    let mut fresh = Peer::new(b.local_addr()).await;
    assert!(fresh.ask("OPTIONS", "", "").await.starts_with("SIP/2.0 200"));
    assert!(fresh.ask("INVITE", "", SDP).await.starts_with("SIP/2.0 404"));
    forgotten(&b).await;
    b.close();
    drop(b);
    assert!(soon("the endpoint to go", served).await.unwrap() > 0);
}
