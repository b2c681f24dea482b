use std::time::Duration;

use tokio::{net::UdpSocket, time::timeout};

use super::*;

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

async fn next(socket: &UdpSocket) -> (Vec<u8>, std::net::SocketAddr) {
    let mut buffer = [0; 2048];
    let (n, from) = timeout(Duration::from_secs(5), socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    (buffer[..n].to_vec(), from)
}

#[tokio::test]
async fn packets_pass_both_ways_from_the_address_each_side_knows() {
    let (a, b) = (socket().await, socket().await);
    let relay = RtpRelay::between(Some(a.local_addr().unwrap()), None, &Impairment::default()).await.unwrap();
    b.send_to(b"from b", relay.facing_b()).await.unwrap();
    assert_eq!(next(&a).await, (b"from b".to_vec(), relay.facing_a()));
    a.send_to(b"from a", relay.facing_a()).await.unwrap();
    assert_eq!(next(&b).await, (b"from a".to_vec(), relay.facing_b()));
}

#[tokio::test]
async fn what_is_counted_as_lost_does_not_arrive() {
    let (a, b) = (socket().await, socket().await);
    let network = Impairment { loss: 0.3, ..Impairment::default() };
    let relay = RtpRelay::between(Some(a.local_addr().unwrap()), None, &network).await.unwrap();
    for n in 0..200_u8 {
        b.send_to(&[n], relay.facing_b()).await.unwrap();
        while relay.counts().0.received <= u64::from(n) {
            tokio::task::yield_now().await;
        }
    }
    let counts = relay.counts().0;
    let mut arrived = 0;
    let mut buffer = [0; 16];
    while timeout(Duration::from_millis(50), a.recv(&mut buffer)).await.is_ok() {
        arrived += 1;
    }
    assert!((30..90).contains(&counts.lost), "{counts:?}");
    assert_eq!(arrived, 200 - counts.lost);
}

#[tokio::test]
async fn sdp_is_rewritten_so_that_media_takes_the_relay() {
    let (server, user, user_media, server_media) =
        (socket().await, socket().await, socket().await, socket().await);
    let relay = SipRelay::start(server.local_addr().unwrap(), Impairment::default()).await.unwrap();
    let sdp = |port| {
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nm=audio {port} RTP/AVP 0\r\n")
    };
    let message = |first: &str, body: String| {
        format!("{first}\r\nCall-ID: x@y\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let port_in = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{text}");
        body.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().parse::<u16>().unwrap()
    };
    let invite = message("INVITE sip:1@x SIP/2.0", sdp(user_media.local_addr().unwrap().port()));
    user.send_to(invite.as_bytes(), relay.address()).await.unwrap();
    let (bytes, from) = next(&server).await;
    let towards_user = port_in(&bytes);
    let ok = message("SIP/2.0 200 OK", sdp(server_media.local_addr().unwrap().port()));
    server.send_to(ok.as_bytes(), from).await.unwrap();
    let towards_server = port_in(&next(&user).await.0);

    server_media.send_to(b"down", ("127.0.0.1", towards_user)).await.unwrap();
    assert_eq!(next(&user_media).await.0, b"down");
    user_media.send_to(b"up", ("127.0.0.1", towards_server)).await.unwrap();
    let (bytes, from) = next(&server_media).await;
    assert_eq!((bytes, from.port()), (b"up".to_vec(), towards_user));
    assert_eq!((relay.counts().0.sent, relay.counts().1.sent), (1, 1));
}
