//! A media thread: the clock and its four slots.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, Sender, channel},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    MediaError, MediaStats, lateness::LatenessCounters, realtime, receive::MAX_DATAGRAM_BYTES, stream::Stream,
};

/// Slots of 5 ms in 20 ms: streams of one slot are sent in one go, so more
/// slots make the last of them less late.
const SLOTS: usize = 4;
const SLOT: Duration = Duration::from_millis(5);
/// Slots a thread may be behind before it gives up time: beyond this the
/// packets would only be a burst.
const MAX_BEHIND: u32 = 40;
/// Slots between two reports to the metrics: a second.
const REPORT_SLOTS: u64 = 200;

/// What a thread shows of itself.
#[derive(Debug, Default)]
pub struct ThreadShared {
    pub sessions: AtomicUsize,
    pub packets_sent: AtomicU64,
    pub packets_received: AtomicU64,
    pub lateness: LatenessCounters,
    pub cpu_us: AtomicU64,
    pub is_realtime: AtomicBool,
}

impl ThreadShared {
    fn joined(&self) {
        self.sessions.fetch_add(1, Relaxed);
        metrics::gauge!("offhook_media_sessions").increment(1);
    }

    fn left(&self) {
        self.sessions.fetch_sub(1, Relaxed);
        metrics::gauge!("offhook_media_sessions").decrement(1);
    }
}

/// A running media thread.
#[derive(Debug)]
pub struct ThreadHandle {
    pub shared: Arc<ThreadShared>,
    streams: Sender<Box<Stream>>,
    join: Mutex<Option<JoinHandle<()>>>,
}

impl ThreadHandle {
    /// Hands a stream over.
    pub fn add(&self, stream: Stream) -> Result<(), MediaError> {
        self.shared.joined();
        self.streams.send(Box::new(stream)).map_err(|_| {
            self.shared.left();
            MediaError::Stopped
        })
    }

    /// Waits until the thread has ended.
    pub fn join(&self) {
        let join = self.join.lock().unwrap_or_else(PoisonError::into_inner).take();
        if join.is_some_and(|join| join.join().is_err()) {
            tracing::error!("a media thread died");
        }
    }
}

/// Starts a thread whose slots begin at `epoch`.
pub fn spawn(
    number: usize,
    epoch: Instant,
    realtime: bool,
    stop: Arc<AtomicBool>,
) -> io::Result<ThreadHandle> {
    let shared = Arc::new(ThreadShared::default());
    let (streams, incoming) = channel();
    let clock = Clock {
        epoch,
        next: 0,
        incoming,
        shared: Arc::clone(&shared),
        stop,
        slots: Default::default(),
        totals: Totals::default(),
        reported: Totals::default(),
    };
    let join = Builder::new().name(format!("media-{number}")).spawn(move || {
        if realtime {
            match realtime::request() {
                Ok(()) => clock.shared.is_realtime.store(true, Relaxed),
                Err(error) => {
                    tracing::warn!(%error, "media threads run without real-time priority: audio may stutter under load");
                }
            }
        }
        clock.run();
    })?;
    Ok(ThreadHandle { shared, streams, join: Mutex::new(Some(join)) })
}

/// What all streams of a thread did; grows.
#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    pub sent: u64,
    received: u64,
    lost: u64,
    concealed_ms: u64,
    /// The worst of the present slot.
    latest: Option<Duration>,
}

impl Totals {
    pub fn lateness(&mut self, lateness: Duration) {
        self.latest = self.latest.max(Some(lateness));
    }

    /// Adds what a stream counted in one step.
    pub const fn add(&mut self, before: &MediaStats, after: &MediaStats) {
        self.received += after.packets_received.saturating_sub(before.packets_received);
        // A packet counted as lost that comes after all takes its count back.
        self.lost = self.lost.wrapping_add(after.lost.wrapping_sub(before.lost));
        self.concealed_ms += after.concealed_ms.saturating_sub(before.concealed_ms);
    }
}

struct Clock {
    epoch: Instant,
    /// The slot to come, counted from the epoch.
    next: u64,
    incoming: Receiver<Box<Stream>>,
    shared: Arc<ThreadShared>,
    stop: Arc<AtomicBool>,
    slots: [Vec<Box<Stream>>; SLOTS],
    totals: Totals,
    reported: Totals,
}

impl Clock {
    fn run(mut self) {
        let mut buffer = [0; MAX_DATAGRAM_BYTES];
        while !self.stop.load(Relaxed) {
            let due = self.wait();
            self.accept();
            self.step(due, &mut buffer);
            self.next += 1;
            if self.next.is_multiple_of(REPORT_SLOTS) {
                self.report();
            }
        }
        self.report();
    }

    /// Sleeps until the next slot; returns when it is, or was, due.
    fn wait(&mut self) -> Instant {
        let mut due = self.epoch + slot_time(self.next);
        let now = Instant::now();
        if let Some(early) = due.checked_duration_since(now) {
            std::thread::sleep(early);
        } else if now.duration_since(due) > SLOT * MAX_BEHIND {
            // The machine stood still: sending all of it now would help nobody.
            let frames = now.duration_since(due).as_millis() as u64 / 20;
            self.next += frames * SLOTS as u64;
            due = self.epoch + slot_time(self.next);
            for stream in self.slots.iter_mut().flatten() {
                stream.skip(u32::try_from(frames).unwrap_or(u32::MAX));
            }
            tracing::warn!(skipped_ms = frames * 20, "a media thread got no time: audio was lost");
        }
        due
    }

    /// Puts new streams where the fewest are.
    fn accept(&mut self) {
        while let Ok(stream) = self.incoming.try_recv() {
            if let Some(slot) = self.slots.iter_mut().min_by_key(|slot| slot.len()) {
                slot.push(stream);
            }
        }
    }

    fn step(&mut self, due: Instant, buffer: &mut [u8]) {
        let Self { slots, totals, shared, epoch, next, .. } = self;
        let Some(slot) = slots.get_mut((*next % SLOTS as u64) as usize) else { return };
        let now = due.duration_since(*epoch);
        let lateness = || {
            let lateness = due.elapsed();
            shared.lateness.record(lateness);
            lateness
        };
        totals.latest = None;
        // All are sent before any is received: sending has the deadline.
        each(slot, shared, |stream| stream.send(now, &lateness, totals));
        each(slot, shared, |stream| stream.receive(now, buffer, totals));
        shared.packets_sent.store(totals.sent, Relaxed);
        shared.packets_received.store(totals.received, Relaxed);
        if let Some(latest) = totals.latest {
            metrics::histogram!("offhook_media_send_lateness_seconds").record(latest.as_secs_f64());
        }
    }

    fn report(&mut self) {
        let (now, before) = (self.totals, self.reported);
        self.reported = Totals { lost: now.lost.max(before.lost), ..now };
        self.shared.cpu_us.store(realtime::cpu_time().as_micros() as u64, Relaxed);
        metrics::counter!("offhook_rtp_packets_total", "direction" => "sent")
            .increment(now.sent - before.sent);
        metrics::counter!("offhook_rtp_packets_total", "direction" => "received")
            .increment(now.received - before.received);
        metrics::counter!("offhook_rtp_lost_total").increment(now.lost.saturating_sub(before.lost));
        metrics::counter!("offhook_rtp_concealed_ms_total").increment(now.concealed_ms - before.concealed_ms);
    }
}

/// Runs `step` for every stream. Those whose session is gone leave; so does
/// one that panics, because the others must not pay for it.
fn each(slot: &mut Vec<Box<Stream>>, shared: &ThreadShared, mut step: impl FnMut(&mut Stream)) {
    slot.retain_mut(|stream| {
        let lives = !stream.is_closed()
            && catch_unwind(AssertUnwindSafe(|| step(stream)))
                .inspect_err(|_| tracing::error!("a media stream failed and was ended"))
                .is_ok();
        if !lives {
            shared.left();
        }
        lives
    });
}

fn slot_time(slot: u64) -> Duration {
    Duration::from_micros(slot.saturating_mul(SLOT.as_micros() as u64))
}
