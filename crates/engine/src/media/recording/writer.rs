//! The thread that writes recordings.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{Job, RecordingError, RecordingSummary, file::WavFile};

/// How often the rings are emptied: a tenth of what they hold.
const INTERVAL: Duration = Duration::from_millis(100);

type Done = oneshot::Sender<Result<RecordingSummary, RecordingError>>;

/// A recording being written.
struct Active {
    job: Job,
    file: WavFile,
}

/// A complete file that is not yet synced.
struct Finished {
    path: PathBuf,
    file: WavFile,
    done: Done,
}

pub fn spawn(queue: Receiver<Job>, closing: Arc<AtomicBool>) -> io::Result<JoinHandle<()>> {
    let (finished, to_sync) = channel();
    let syncer = Builder::new().name("recording-sync".into()).spawn(move || sync(&to_sync))?;
    Builder::new().name("recording".into()).spawn(move || {
        write(&queue, &finished, &closing);
        drop(finished);
        if syncer.join().is_err() {
            tracing::error!("the thread that syncs recordings died");
        }
    })
}

fn write(queue: &Receiver<Job>, finished: &Sender<Finished>, closing: &AtomicBool) {
    let mut active: Vec<Active> = Vec::new();
    let mut last = false;
    while !last {
        // The last round completes every file.
        last = closing.load(Relaxed);
        match queue.recv_timeout(if last { Duration::ZERO } else { INTERVAL }) {
            Ok(job) => active.extend(begin(job)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => last = true,
        }
        // A burst of new calls must not delay the ones that run.
        active.extend(queue.try_iter().take(32).filter_map(begin));
        let mut index = 0;
        while let Some(recording) = active.get_mut(index) {
            match recording.drain(last) {
                Ok(false) => index += 1,
                Ok(true) => {
                    let Active { job, file } = active.swap_remove(index);
                    let _ended = finished.send(Finished { path: job.path, file, done: job.done });
                }
                Err(source) => {
                    let Active { job, .. } = active.swap_remove(index);
                    tracing::error!(error = %source, "a recording stopped: its file cannot be written");
                    let _unheard = job.done.send(Err(RecordingError::Write { path: job.path, source }));
                }
            }
        }
    }
}

fn begin(job: Job) -> Option<Active> {
    match WavFile::create(&job.path) {
        Ok(file) => Some(Active { job, file }),
        Err(source) => {
            tracing::error!(error = %source, "a call is not recorded: its file cannot be created");
            let _unheard = job.done.send(Err(RecordingError::Create { path: job.path, source }));
            None
        }
    }
}

impl Active {
    /// Writes what waits; true when the recording is complete.
    fn drain(&mut self, last: bool) -> io::Result<bool> {
        // Asked first: what was pushed before the end is then still seen.
        let over = last || self.job.stop.load(Relaxed) || self.job.ring.is_abandoned();
        while let Ok(slice) = self.job.ring.pop() {
            self.file.push(&slice);
        }
        self.file.flush()?;
        Ok(over)
    }
}

fn sync(finished: &Receiver<Finished>) {
    for Finished { path, file, done } in finished {
        let result = match file.sync() {
            Ok(()) => Ok(RecordingSummary { path, length: file.length(), bytes: file.file_bytes() }),
            Err(source) => {
                tracing::error!(error = %source, "a recording may be lost: it cannot be synced");
                Err(RecordingError::Write { path, source })
            }
        };
        let _unheard = done.send(result);
    }
}
