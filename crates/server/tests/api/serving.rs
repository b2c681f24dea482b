//! The listener: slow, broken and too many clients; the end of the process.

use std::{net::SocketAddr, time::Duration};

use offhook_server::{Settings, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// What no test should ever take.
const LONG: Duration = Duration::from_secs(10);
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

struct Served {
    world: World,
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

impl Served {
    async fn with(adjust: impl FnOnce(&mut Settings)) -> Self {
        let world = World::sqlite_with(adjust).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, world.app.clone(), stop.clone()));
        Self { world, address, stop, server }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends these bytes and reads until the server closes.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        read_to_close(&mut stream).await
    }

    async fn lives(&self) {
        let mut stream = self.connect().await;
        stream.write_all(HEALTH).await.unwrap();
        assert!(read_some(&mut stream).await.starts_with("HTTP/1.1 200"));
    }
}

async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset after the answer is a close, too.
    let _ = timeout(LONG, stream.read_to_end(&mut all)).await.expect("the server closes");
    String::from_utf8_lossy(&all).into_owned()
}

async fn read_some(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 64 * 1024];
    let count = timeout(LONG, stream.read(&mut buffer)).await.expect("the server answers").unwrap();
    String::from_utf8_lossy(&buffer[..count]).into_owned()
}

#[tokio::test]
async fn who_does_not_finish_a_request_head_is_cut_off() {
    let served = Served::with(|settings| settings.body_timeout = Duration::from_millis(200)).await;
    for beginning in
        [b"".as_slice(), b"P", b"PRI * HTTP/2.0\r\n", b"GET / HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-"]
    {
        let started = Instant::now();
        let mut stream = served.connect().await;
        stream.write_all(beginning).await.unwrap();
        let answer = read_to_close(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(started.elapsed() >= Duration::from_millis(190), "{beginning:?}");
    }
    // One header line at a time does not help.
    let mut stream = served.connect().await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    let started = Instant::now();
    while started.elapsed() < LONG && stream.write_all(b"X-A: b\r\n").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(started.elapsed() < Duration::from_secs(5), "a slow sender stays");
    served.lives().await;
}

#[tokio::test]
async fn an_idle_connection_between_requests_is_closed() {
    let served = Served::with(|settings| settings.body_timeout = Duration::from_millis(200)).await;
    let mut stream = served.connect().await;
    stream.write_all(HEALTH).await.unwrap();
    assert!(read_some(&mut stream).await.starts_with("HTTP/1.1 200"));
    assert_eq!(read_to_close(&mut stream).await, "");
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_a_place() {
    let served = Served::with(|settings| settings.max_connections = 2).await;
    let mut first = served.connect().await;
    let mut second = served.connect().await;
    for stream in [&mut first, &mut second] {
        stream.write_all(HEALTH).await.unwrap();
        assert!(read_some(stream).await.starts_with("HTTP/1.1 200"));
    }
    let mut third = served.connect().await;
    third.write_all(HEALTH).await.unwrap();
    let mut byte = [0];
    assert!(
        timeout(Duration::from_millis(200), third.read(&mut byte)).await.is_err(),
        "it is served too soon"
    );
    drop(first);
    assert!(read_some(&mut third).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn too_large_heads_are_refused() {
    let served = Served::with(|_| ()).await;
    let long = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(200_000));
    assert!(served.exchange(long.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(500));
    assert!(served.exchange(many.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(200_000));
    let answer = served.exchange(path.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 414") || answer.starts_with("HTTP/1.1 431"), "{answer}");
    served.lives().await;
}

#[tokio::test]
async fn what_is_not_http_is_closed_and_the_process_lives() {
    let served = Served::with(|_| ()).await;
    let mut noise = vec![0_u8; 4096];
    noise.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 37 % 251) as u8);
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"INVITE sip:x@y SIP/2.0\r\nVia: SIP/2.0/TCP z\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/agents HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/agents HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame of HTTP/2, whatever it begins like",
        &noise,
    ] {
        let answer = served.exchange(bytes).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
        served.lives().await;
    }
}

#[tokio::test]
async fn a_running_request_ends_before_the_server_does() {
    let served = Served::with(|settings| settings.drain = LONG).await;
    let head = format!(
        "POST /v1/agents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 12\r\n\r\n{{\"na",
        served.world.key
    );
    let mut running = served.connect().await;
    running.write_all(head.as_bytes()).await.unwrap();
    let mut idle = served.connect().await;
    idle.write_all(HEALTH).await.unwrap();
    read_some(&mut idle).await;
    served.stop.cancel();
    assert_eq!(read_to_close(&mut idle).await, "", "nothing runs there");
    assert!(!served.server.is_finished());
    running.write_all(b"me\":\"A\"").await.unwrap();
    running.write_all(b"}").await.unwrap();
    let answer = read_to_close(&mut running).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    timeout(LONG, served.server).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_stop_the_end() {
    let served = Served::with(|settings| settings.drain = Duration::from_millis(200)).await;
    let mut running = served.connect().await;
    running.write_all(b"POST /v1/agents HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{").await.unwrap();
    let mut idle = served.connect().await;
    idle.write_all(HEALTH).await.unwrap();
    read_some(&mut idle).await;
    served.stop.cancel();
    timeout(LONG, served.server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_what_it_asked_for() {
    let served = Served::with(|_| ()).await;
    for _ in 0..20 {
        let body = r#"{"areaCode":"415"}"#;
        let request = format!(
            "POST /v1/numbers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n{body}",
            served.world.key,
            body.len()
        );
        let mut stream = served.connect().await;
        stream.set_zero_linger().unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        drop(stream);
    }
    // Whatever was begun is whole: every number that is held can be used and released.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let held = served.world.get("/v1/numbers").await.ok();
    for number in held["data"].as_array().unwrap() {
        served.world.delete(&format!("/v1/numbers/{}", number["id"].as_str().unwrap())).await.ok();
    }
}
