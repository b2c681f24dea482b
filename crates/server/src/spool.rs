//! Reports of calls that the database does not take, on disk until it does.
//!
//! A call goes on while the database is away. What it reports is appended to a
//! file in the data directory, synced before anybody counts on it, and written
//! down in order once the database is back, or by the next start. Writing down
//! is idempotent, so nothing needs to be remembered of how far that came.
//!
//! | part | file |
//! |---|---|
//! | one report, as a line | [`entry`] |
//! | the file: appended, read back, emptied | [`file`] |
//! | the thread that owns it | [`keeper`] |
//! | into the database | [`replay`] |
//!
//! The file has a limit, and beyond a part of it that is set aside at the
//! start, the disk may be full. Exchanges with webhooks are given up first, at
//! half of what there is, then turns at seven eighths; the rest is for ends.

pub mod entry;
mod file;
mod keeper;
pub mod replay;

use std::{
    fmt, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc,
    },
};

use tokio::sync::{Mutex, Notify, oneshot};

use entry::{Entry, Weight};
use file::SpoolFile;
use keeper::Ask;

/// The file's name in the data directory.
pub const FILE: &str = "spool.log";
/// Set aside at the start, so that a full disk does not stop the first reports:
/// some ten thousand turns.
pub const RESERVE_BYTES: u64 = 4 * 1024 * 1024;

/// A report was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpoolError {
    /// There is no room for a report of this kind.
    #[error("the spool is full")]
    Full,
    /// The file cannot be written or read.
    #[error("the spool's file cannot be used")]
    Broken,
}

/// The spool of a process. Cheap to clone; clones are the same spool.
#[derive(Clone)]
pub struct Spool(Arc<Inner>);

struct Inner {
    asks: mpsc::Sender<Ask>,
    /// Reports that are not in the database yet.
    waiting: AtomicU64,
    /// Rung when there is something to write down.
    filled: Notify,
    /// How far the file was written down; held by whoever does it.
    done: Mutex<u64>,
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl Spool {
    /// Opens the spool in a directory, with what an earlier process left in it.
    /// Files of at most `max_bytes`. Reads the file, so it may block.
    ///
    /// # Errors
    /// When the file cannot be used at all. That the reserve cannot be had is
    /// only logged.
    pub fn open(directory: &Path, max_bytes: u64) -> io::Result<Self> {
        let (file, left) = SpoolFile::open(&directory.join(FILE), max_bytes, RESERVE_BYTES)?;
        if left > 0 {
            tracing::warn!(reports = left, "an earlier process left reports of calls in the spool");
        }
        let (asks, asked) = mpsc::channel();
        keeper::start(file, asked)?;
        let inner = Inner { asks, waiting: AtomicU64::new(left), filled: Notify::new(), done: Mutex::new(0) };
        Ok(Self(Arc::new(inner)))
    }

    /// Reports that are not in the database yet.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.0.waiting.load(SeqCst)
    }

    /// Whether everything is in the database.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    /// Keeps a report; returns once it is on the disk.
    ///
    /// # Errors
    /// [`SpoolError`]; then the report is not kept.
    pub async fn keep(&self, entry: &Entry) -> Result<(), SpoolError> {
        let weight = entry.weight();
        let line = entry.to_line().ok_or(SpoolError::Broken)?;
        // Counted first: whoever sees an empty spool may pass it by.
        let first = self.0.waiting.fetch_add(1, SeqCst) == 0;
        let kept = self.ask(|answer| Ask::Append { line, weight, answer }).await.and_then(|kept| kept);
        match kept {
            Ok(()) => {
                if first {
                    tracing::warn!("the database is away; reports of calls are kept in the spool");
                }
                metrics::counter!("offhook_spooled_total", "kind" => weight.as_str()).increment(1);
                self.0.filled.notify_one();
            }
            Err(_) => {
                self.0.waiting.fetch_sub(1, SeqCst);
            }
        }
        metrics::gauge!("offhook_spool_reports").set(self.waiting() as f64);
        kept
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, SpoolError> {
        let (sender, receiver) = oneshot::channel();
        self.0.asks.send(ask(sender)).map_err(|_| SpoolError::Broken)?;
        receiver.await.map_err(|_| SpoolError::Broken)
    }
}

/// What a report weighs when there is little room.
impl Weight {
    /// Its word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Step => "step",
            Self::End => "end",
        }
    }
}
