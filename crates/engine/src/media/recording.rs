//! Stereo recordings: frames cross a ring to one writer thread.
//!
//! The writer rewrites the header's sizes with every piece it appends, so the
//! file is valid after `kill -9`. Files are synced by a second thread, because
//! one slow `fsync` would make every other recording lose frames.

mod file;
mod writer;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use offhook_media::Frame;
use rtrb::{Consumer, Producer, RingBuffer};
use tokio::sync::oneshot;

/// Frames between a stream and the disk: one second.
const RING_FRAMES: usize = 50;

/// A recording in progress.
///
/// Dropping it does not end the recording; the end of the session does.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    done: oneshot::Receiver<Result<RecordingSummary, RecordingError>>,
}

/// A finished recording, on disk and synced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingSummary {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub length: Duration,
    /// Its size.
    pub bytes: u64,
}

/// A recording was not kept, or only in part.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file could not be made.
    #[error("could not create {path}")]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Writing failed; what was written before is a valid file.
    #[error("could not write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why, e.g. a full disk.
        #[source]
        source: io::Error,
    },
    /// The writer thread is gone.
    #[error("recordings are no longer written")]
    Stopped,
}

impl Recording {
    /// Where it is written.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Ends the recording and waits until the file is complete and synced.
    ///
    /// # Errors
    /// [`RecordingError`]; except for `Create`, a valid file is left.
    pub async fn finish(self) -> Result<RecordingSummary, RecordingError> {
        self.stop.store(true, Relaxed);
        self.done.await.unwrap_or(Err(RecordingError::Stopped))
    }
}

/// 20 ms of both channels.
#[derive(Debug, Clone, Copy)]
struct Slice {
    /// Counted from the beginning; a gap was dropped and becomes silence.
    index: u32,
    left: Frame,
    right: Frame,
}

/// A stream's end of its recording.
#[derive(Debug)]
pub struct RecordingPort {
    ring: Producer<Slice>,
    next: u32,
}

impl RecordingPort {
    /// Appends 20 ms; false when there was no room and they are lost.
    pub fn push(&mut self, left: Frame, right: Frame) -> bool {
        let index = self.next;
        self.next = self.next.wrapping_add(1);
        self.ring.push(Slice { index, left, right }).is_ok()
    }

    /// Whether the writer has ended the recording.
    pub fn is_over(&self) -> bool {
        self.ring.is_abandoned()
    }
}

/// A recording on its way to the writer.
#[derive(Debug)]
struct Job {
    path: PathBuf,
    ring: Consumer<Slice>,
    stop: Arc<AtomicBool>,
    done: oneshot::Sender<Result<RecordingSummary, RecordingError>>,
}

/// Starts recordings; given to every session.
#[derive(Debug, Clone)]
pub struct Recorder {
    jobs: mpsc::Sender<Job>,
    closing: Arc<AtomicBool>,
}

impl Recorder {
    /// Starts the writer. It ends, all files complete, after [`Self::close`].
    pub fn spawn() -> io::Result<(Self, JoinHandle<()>)> {
        let (jobs, queue) = mpsc::channel();
        let closing = Arc::new(AtomicBool::new(false));
        let writer = writer::spawn(queue, Arc::clone(&closing))?;
        Ok((Self { jobs, closing }, writer))
    }

    /// Ends all recordings and the writer.
    pub fn close(&self) {
        self.closing.store(true, Relaxed);
    }

    /// Begins a recording; faults are told by [`Recording::finish`].
    pub fn start(&self, path: PathBuf) -> (RecordingPort, Recording) {
        let (producer, consumer) = RingBuffer::new(RING_FRAMES);
        let stop = Arc::new(AtomicBool::new(false));
        let (done, receiver) = oneshot::channel();
        let job = Job { path: path.clone(), ring: consumer, stop: Arc::clone(&stop), done };
        // Without a writer the receiver closes, which `finish` reports.
        let _ended = self.jobs.send(job);
        (RecordingPort { ring: producer, next: 0 }, Recording { path, stop, done: receiver })
    }
}
