//! Pacing and cost of media threads: N G.711 calls both ways against a
//! generator in the same process.
//!
//! ```text
//! cargo run --release -p offhook-engine --example media_bench -- [CALLS…] [--seconds S]
//! ```
//!
//! 200 and 1000 calls for 10 s each unless told otherwise. Every call plays a
//! tone in one-second pieces, and a task takes its events, as an agent would.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    error::Error,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use offhook_engine::media::{Codec, MediaConfig, MediaEvent, MediaPool, MediaSession, StreamParams};
use offhook_media::{rtp::RtpPacket, tone::Tone};
use offhook_voice::line::UtteranceId;

/// Time before the measurement, in which the calls start.
const WARM_UP: Duration = Duration::from_secs(2);

fn main() -> Result<(), Box<dyn Error>> {
    let (mut calls, mut seconds) = (Vec::new(), 10);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            seconds = arguments.next().ok_or("--seconds needs a number")?.parse()?;
        } else {
            calls.push(argument.parse()?);
        }
    }
    if calls.is_empty() {
        calls = vec![200, 1_000];
    }
    raise_file_limit();
    let cores = thread::available_parallelism()?;
    println!("cores {cores}, load {}", load());
    println!(
        "  calls threads  rt  late p50   p99    max   CPU/1000 calls  received  lost  memory/call  load"
    );
    for count in calls {
        measure(count, Duration::from_secs(seconds))?;
    }
    Ok(())
}

fn measure(count: usize, length: Duration) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    let pool = MediaPool::start(MediaConfig { ports: 0..=0, ..MediaConfig::default() })?;
    let memory_before = resident_kb();
    let mut peers = Vec::with_capacity(count);
    let mut tasks = Vec::with_capacity(count);
    for number in 0..count {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        let session = pool.open()?;
        session.configure(StreamParams::new(socket.local_addr()?, Codec::Pcmu));
        peers.push((socket, session.local_addr(), u32::try_from(number)?));
        tasks.push(runtime.spawn(agent(session)));
    }
    let generator = Generator::start(peers);
    thread::sleep(WARM_UP);
    let (before, received) = (pool.stats(), generator.received.load(Relaxed));
    let begun = Instant::now();
    thread::sleep(length);
    let (after, elapsed) = (pool.stats(), begun.elapsed());
    let at_generator = generator.received.load(Relaxed) - received;
    let memory = resident_kb().saturating_sub(memory_before) / count.max(1) as u64;
    let lateness = after.lateness.since(&before.lateness);
    let cpu = (after.cpu - before.cpu).as_secs_f64() / elapsed.as_secs_f64() * 1_000.0 / count as f64;
    let sent = after.packets_sent - before.packets_sent;
    let expected = elapsed.as_secs_f64() * 50.0 * count as f64;
    println!(
        "  {count:>5} {:>7} {:>3} {:>7.2} ms {:>6.2} {:>6.2} {:>8.1} % core {:>11.1} % {:>6} {:>9} kB  {}",
        after.threads,
        after.realtime_threads,
        ms(lateness.quantile(0.5)),
        ms(lateness.quantile(0.99)),
        ms(after.lateness.max),
        cpu * 100.0,
        (after.packets_received - before.packets_received) as f64 / expected * 100.0,
        sent.saturating_sub(at_generator),
        memory,
        load(),
    );
    generator.stop();
    for task in tasks {
        task.abort();
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    pool.close();
    Ok(())
}

/// Takes the events of a call, and speaks without end.
async fn agent(mut session: MediaSession) {
    let mut events = session.take_events();
    let speech = Tone::sine(440.0).samples(1_000);
    let mut frames = 0u64;
    while let Some(event) = events.recv().await {
        if let MediaEvent::Audio(_) = event {
            if frames.is_multiple_of(50) {
                session.play(UtteranceId(1), speech.clone());
            }
            frames += 1;
        }
    }
}

/// The far ends of all calls: one thread that sends and receives for each
/// every 20 ms, in four slots as the media threads do.
struct Generator {
    stop: Arc<AtomicBool>,
    received: Arc<AtomicU64>,
    thread: thread::JoinHandle<()>,
}

impl Generator {
    fn start(peers: Vec<(UdpSocket, SocketAddr, u32)>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let received = Arc::new(AtomicU64::new(0));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&received));
        let thread = thread::spawn(move || {
            let begun = Instant::now();
            let mut slot = 0u32;
            while !stopped.load(Relaxed) {
                let due = begun + Duration::from_millis(5) * slot;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                for (socket, remote, ssrc) in peers.iter().skip(slot as usize % 4).step_by(4) {
                    exchange(socket, *remote, *ssrc, slot / 4, &count);
                }
                slot += 1;
            }
        });
        Self { stop, received, thread }
    }

    fn stop(self) {
        self.stop.store(true, Relaxed);
        if self.thread.join().is_err() {
            println!("the generator died");
        }
    }
}

fn exchange(socket: &UdpSocket, remote: SocketAddr, ssrc: u32, step: u32, received: &AtomicU64) {
    let packet = RtpPacket {
        marker: step == 0,
        payload_type: 0,
        sequence: step as u16,
        timestamp: step.wrapping_mul(160),
        ssrc,
        payload: &[0x90; 160],
    };
    let mut buffer = [0; 1_500];
    if let Some(length) = packet.write(&mut buffer) {
        let _lost = socket.send_to(&buffer[..length], remote);
    }
    while socket.recv_from(&mut buffer).is_ok() {
        received.fetch_add(1, Relaxed);
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

fn resident_kb() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4
}

/// Two sockets for each call need more than the usual 1024 files.
fn raise_file_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _kept = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
