//! The media threads of a process.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::{
    MediaConfig, MediaError, MediaSession,
    lateness::Lateness,
    outlet::Outlet,
    ports::Ports,
    recording::Recorder,
    session::Shared,
    stream::Stream,
    thread::{self, ThreadHandle, ThreadShared},
};

/// Events a listener may be behind: two seconds of audio.
const EVENTS: usize = 100;

/// The media threads. Dropping it ends every stream and waits for the threads
/// (a few milliseconds), then for the last recordings to reach the disk.
#[derive(Debug)]
pub struct MediaPool {
    config: MediaConfig,
    ports: Ports,
    threads: Vec<ThreadHandle>,
    stop: Arc<AtomicBool>,
    recorder: Recorder,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What all media threads did so far.
#[derive(Debug, Clone, Default)]
pub struct PoolStats {
    /// Open streams.
    pub sessions: usize,
    /// RTP sent.
    pub packets_sent: u64,
    /// RTP received.
    pub packets_received: u64,
    /// How late packets left, against the 20 ms clock.
    pub lateness: Lateness,
    /// CPU time used by the media threads; zero where the system cannot tell.
    pub cpu: Duration,
    /// Media threads.
    pub threads: usize,
    /// Media threads that run with real-time priority.
    pub realtime_threads: usize,
}

impl MediaPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`MediaError::Thread`] if the system refuses one.
    pub fn start(config: MediaConfig) -> Result<Self, MediaError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = if config.threads == 0 { cores } else { config.threads.min(64) };
        let stop = Arc::new(AtomicBool::new(false));
        let (recorder, writer) = Recorder::spawn().map_err(MediaError::Thread)?;
        let epoch = Instant::now();
        let mut pool = Self {
            ports: Ports::new(config.bind, config.ports.clone()),
            threads: Vec::with_capacity(count),
            stop: Arc::clone(&stop),
            recorder,
            writer: Mutex::new(Some(writer)),
            config,
        };
        for number in 0..count {
            let handle = thread::spawn(number, epoch, pool.config.realtime, Arc::clone(&stop));
            pool.threads.push(handle.map_err(MediaError::Thread)?);
        }
        Ok(pool)
    }

    /// Binds a port and starts receiving on it.
    ///
    /// # Errors
    /// [`MediaError`] if no port is free or the pool is closed.
    pub fn open(&self) -> Result<MediaSession, MediaError> {
        if self.stop.load(Relaxed) {
            return Err(MediaError::Stopped);
        }
        let sockets = self.ports.open()?;
        let port = sockets.rtp.local_addr().map_err(MediaError::Bind)?.port();
        let thread = self.threads.iter().min_by_key(|thread| thread.shared.sessions.load(Relaxed));
        let thread = thread.ok_or(MediaError::Stopped)?;
        let shared = Arc::new(Shared::default());
        let (sender, receiver) = mpsc::channel(EVENTS);
        let stream = Stream::new(sockets, Arc::clone(&shared), Outlet::new(sender), self.config.rtp_timeout);
        thread.add(stream)?;
        Ok(MediaSession::new(
            shared,
            SocketAddr::new(self.config.advertised, port),
            receiver,
            self.recorder.clone(),
        ))
    }

    /// What happened so far. CPU time is a second old at most.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        let mut stats = PoolStats { threads: self.threads.len(), ..PoolStats::default() };
        for thread in &self.threads {
            let shared: &ThreadShared = &thread.shared;
            stats.sessions += shared.sessions.load(Relaxed);
            stats.packets_sent += shared.packets_sent.load(Relaxed);
            stats.packets_received += shared.packets_received.load(Relaxed);
            stats.cpu += Duration::from_micros(shared.cpu_us.load(Relaxed));
            stats.realtime_threads += usize::from(shared.is_realtime.load(Relaxed));
            shared.lateness.add_to(&mut stats.lateness);
        }
        stats
    }

    /// Ends every stream and waits until the threads have stopped and the
    /// recordings are on disk. Blocks: not for the async runtime.
    ///
    /// Recordings of sessions still held are complete, too.
    pub fn close(&self) {
        self.stop.store(true, Relaxed);
        for thread in &self.threads {
            thread.join();
        }
        self.recorder.close();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the recording thread died");
        }
    }
}

impl Drop for MediaPool {
    fn drop(&mut self) {
        self.close();
    }
}
