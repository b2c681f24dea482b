//! The thread that owns the spool's file: callers that come together share one
//! sync, and no media or async thread waits for the disk.

use std::{io, sync::mpsc, thread};

use tokio::sync::oneshot;

use super::{
    SpoolError,
    entry::{Entry, Weight},
    file::SpoolFile,
};

/// Most lines that share a sync.
const TOGETHER: usize = 256;

/// What the thread is asked.
pub(super) enum Ask {
    /// Keep this line, and answer once it is on the disk.
    Append { line: Vec<u8>, weight: Weight, answer: oneshot::Sender<Result<(), SpoolError>> },
    /// The next entries from a position on, and the position after them.
    Read { from: u64, answer: oneshot::Sender<(Vec<Entry>, u64)> },
    /// Forget everything, if nothing lies beyond this position; whether it did.
    Empty { until: u64, answer: oneshot::Sender<bool> },
}

/// Starts the thread; it ends with the last sender.
pub(super) fn start(file: SpoolFile, asked: mpsc::Receiver<Ask>) -> io::Result<()> {
    thread::Builder::new().name("spool".to_owned()).spawn(move || serve(file, &asked)).map(drop)
}

fn serve(mut file: SpoolFile, asked: &mpsc::Receiver<Ask>) {
    let mut next = None;
    while let Some(ask) = next.take().or_else(|| asked.recv().ok()) {
        match ask {
            Ask::Append { line, weight, answer } => {
                let before = file.end();
                let mut answers = vec![(file.append(&line, weight), answer)];
                while answers.len() < TOGETHER {
                    match asked.try_recv() {
                        Ok(Ask::Append { line, weight, answer }) => {
                            answers.push((file.append(&line, weight), answer));
                        }
                        Ok(other) => {
                            next = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                let synced = file.sync();
                if synced.is_err() {
                    file.take_back(before);
                }
                for (written, answer) in answers {
                    // Whoever asked may be gone.
                    let _gone = answer.send(written.and(synced));
                }
                metrics::gauge!("offhook_spool_bytes").set(file.end() as f64);
            }
            Ask::Read { from, answer } => {
                let read = file.read(from, file.end()).unwrap_or_else(|error| {
                    tracing::error!(%error, "the spool's file cannot be read");
                    (Vec::new(), from)
                });
                let _gone = answer.send(read);
            }
            Ask::Empty { until, answer } => {
                let emptied = file.empty(until).unwrap_or_else(|error| {
                    tracing::error!(%error, "the spool's file cannot be emptied");
                    false
                });
                metrics::gauge!("offhook_spool_bytes").set(file.end() as f64);
                let _gone = answer.send(emptied);
            }
        }
    }
}
