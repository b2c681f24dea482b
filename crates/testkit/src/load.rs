//! Many light callers for benchmarks: SIP as text, G.711 from one thread.
//!
//! They cost a small part of what a real endpoint costs, so that a bench
//! measures the server. What the server asks within a call (re-INVITE, BYE) is
//! not answered: the callers hang up.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::agent::probe::{SipProbe, header_of};

const PACKET: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(10);

/// Running callers.
#[derive(Debug)]
pub struct Load {
    calls: Vec<LoadCall>,
    refused: usize,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the callers saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadStats {
    /// Calls answered.
    pub answered: usize,
    /// Calls refused or never answered.
    pub refused: usize,
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received.
    pub received: u64,
    /// Ticks of the callers' clock that began more than 5 ms late: above a few,
    /// the machine was too busy for its figures to be trusted.
    pub late_ticks: u64,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    sent: AtomicU64,
    received: AtomicU64,
    late_ticks: AtomicU64,
}

#[derive(Debug)]
struct LoadCall {
    probe: SipProbe,
    uri: String,
    id: String,
    to: String,
}

impl Load {
    /// Calls `number` at `server`, `count` times, `per_second` calls a second,
    /// and sends `payload` (µ-law, 160 bytes a packet, repeated) on each
    /// answered call.
    ///
    /// # Errors
    /// When there are no sockets.
    pub async fn start(
        server: SocketAddr,
        number: &str,
        count: usize,
        per_second: f64,
        payload: Vec<u8>,
    ) -> io::Result<Self> {
        let (mut calls, mut streams, mut refused) = (Vec::new(), Vec::new(), 0);
        let pause = Duration::from_secs_f64(per_second.max(0.1).recip());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..count {
            tasks.spawn(place(server, number.to_owned()));
            tokio::time::sleep(pause).await;
        }
        while let Some(placed) = tasks.join_next().await {
            match placed.map_err(io::Error::other)?? {
                Some((call, stream)) => {
                    calls.push(call);
                    streams.push(stream);
                }
                None => refused += 1,
            }
        }
        let shared = Arc::new(Shared::default());
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("load".into())
                .spawn(move || stream_all(&streams, &payload, &shared))?
        };
        Ok(Self { calls, refused, shared, thread: Some(thread) })
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> LoadStats {
        LoadStats {
            answered: self.calls.len(),
            refused: self.refused,
            sent: self.shared.sent.load(Relaxed),
            received: self.shared.received.load(Relaxed),
            late_ticks: self.shared.late_ticks.load(Relaxed),
        }
    }

    /// Hangs up every call and returns the figures.
    pub async fn hang_up(mut self) -> LoadStats {
        let stats = self.stats();
        self.stop();
        for call in &self.calls {
            if let Err(error) = call.bye().await {
                tracing::warn!(%error, "a load caller could not hang up");
            }
        }
        stats
    }

    fn stop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the load thread had failed");
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop();
    }
}

impl LoadCall {
    async fn bye(&self) -> io::Result<()> {
        let bye = self.request("BYE", 2)?;
        self.probe.send(bye.as_bytes()).await?;
        let _answer = self.probe.final_response(Duration::from_secs(2)).await;
        Ok(())
    }

    fn request(&self, method: &str, cseq: u32) -> io::Result<String> {
        let request = self.probe.request(method, &self.uri, &self.id, cseq, &[], "")?;
        Ok(request.replace(&format!("To: <{}>", self.uri), &format!("To: {}", self.to)))
    }
}

/// Places one call; none when it was refused.
async fn place(server: SocketAddr, number: String) -> io::Result<Option<(LoadCall, UdpSocket)>> {
    let media = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let probe = SipProbe::open(server).await?;
    let uri = format!("sip:{number}@{server}");
    let id = format!("{:016x}", rand::random::<u64>());
    let port = media.local_addr()?.port();
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
    );
    let invite = probe.request("INVITE", &uri, &id, 1, &["Content-Type: application/sdp"], &sdp)?;
    probe.send(invite.as_bytes()).await?;
    let Some((200..=299, response)) = probe.final_response(PATIENCE).await else { return Ok(None) };
    let remote = response
        .split("m=audio ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next()?.parse::<u16>().ok())
        .map(|port| SocketAddr::new(server.ip(), port));
    let (Some(to), Some(remote)) = (header_of(&response, "to"), remote) else { return Ok(None) };
    let call = LoadCall { to: to.to_owned(), probe, uri, id };
    call.probe.send(call.request("ACK", 1)?.as_bytes()).await?;
    media.connect(remote)?;
    media.set_nonblocking(true)?;
    Ok(Some((call, media)))
}

/// One thread, one clock: every 20 ms a packet on each call, and what has come is taken.
fn stream_all(streams: &[UdpSocket], payload: &[u8], shared: &Shared) {
    let begin = Instant::now();
    let pieces: Vec<&[u8]> = payload.chunks_exact(160).collect();
    let silence = [0xFF_u8; 160];
    let mut buffer = [0; 2048];
    for tick in 0_u32.. {
        let due = begin + PACKET * tick;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if shared.stop.load(Relaxed) {
            return;
        }
        if due.elapsed() > Duration::from_millis(5) {
            shared.late_ticks.fetch_add(1, Relaxed);
        }
        for (index, stream) in streams.iter().enumerate() {
            let piece = pieces.get(tick as usize % pieces.len().max(1)).copied().unwrap_or(&silence);
            let packet = rtp(tick, index as u32, piece);
            shared.sent.fetch_add(u64::from(stream.send(&packet).is_ok()), Relaxed);
            while stream.recv(&mut buffer).is_ok() {
                shared.received.fetch_add(1, Relaxed);
            }
        }
    }
}

/// An RTP packet of PCMU (RFC 3550 §5.1).
fn rtp(tick: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(12 + payload.len());
    packet.extend([0x80, if tick == 0 { 0x80 } else { 0 }]);
    packet.extend(((tick & 0xFFFF) as u16).to_be_bytes());
    packet.extend(tick.wrapping_mul(160).to_be_bytes());
    packet.extend((ssrc + 1).to_be_bytes());
    packet.extend(payload);
    packet
}
