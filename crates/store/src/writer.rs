//! SQLite's one writer, with group commit.
//!
//! Many callers share one `BEGIN IMMEDIATE … COMMIT`, each inside a savepoint
//! of its own; nobody is answered before the commit. Eight pooled writers
//! waited up to 2.45 s for the lock; this one carried 7,995 durable calls/s.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::sync::{
    mpsc::{self, error::SendTimeoutError},
    oneshot,
};

use crate::{
    Failpoint, StoreError,
    conn::{Conn, Link},
    failpoint,
    health::Pulse,
};

/// How much longer than its patience a caller waits for a write that has
/// begun: giving up then leaves it in doubt.
const BEGUN: u32 = 3;

type Run = Box<dyn for<'t> FnOnce(&'t mut Conn) -> BoxFuture<'t, Finished> + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// One write operation, waiting for its turn.
pub(crate) struct Job {
    run: Run,
    /// Answers the caller of a job that never ran.
    refuse: Answer,
    /// Whether it is part of a request with an `Idempotency-Key`.
    keyed: bool,
    queued_at: Instant,
    turn: Turn,
}

/// Whose turn a job is: its caller's, who may still give up, or the writer's.
#[derive(Clone, Default)]
struct Turn(Arc<AtomicU8>);

impl Turn {
    const WAITS: u8 = 0;
    const BEGUN: u8 = 1;
    const GIVEN_UP: u8 = 2;

    /// The writer takes it; false when its caller has given up.
    fn begin(&self) -> bool {
        self.0.compare_exchange(Self::WAITS, Self::BEGUN, SeqCst, SeqCst).is_ok()
    }

    /// The caller takes it back: it will never run. False when it has begun.
    fn give_up(&self) -> bool {
        self.0.compare_exchange(Self::WAITS, Self::GIVEN_UP, SeqCst, SeqCst).is_ok()
    }
}

/// An operation that ran; its caller is answered after the commit.
struct Finished {
    failure: Option<StoreError>,
    answer: Answer,
}

impl Job {
    /// Wraps an operation; its result comes through the receiver.
    pub(crate) fn new<T, F>(operation: F, keyed: bool) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Conn) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let sender = Arc::new(Mutex::new(Some(sender)));
        let refusing = Arc::clone(&sender);
        let refuse: Answer = Box::new(move |outcome| {
            if let Err(error) = outcome {
                answer(&refusing, Err(error));
            }
        });
        let run: Run = Box::new(move |conn| {
            Box::pin(async move {
                let result = operation(conn).await;
                let failure = result.as_ref().err().cloned();
                let answer: Answer = Box::new(move |committed| answer(&sender, committed.and(result)));
                Finished { failure, answer }
            })
        });
        (Self { run, refuse, keyed, queued_at: Instant::now(), turn: Turn::default() }, receiver)
    }
}

/// Answers once; a caller that went away needs no answer.
fn answer<T>(sender: &Mutex<Option<oneshot::Sender<T>>>, value: T) {
    let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(sender) = sender {
        drop(sender.send(value));
    }
}

enum Message {
    Run(Job),
    Close(oneshot::Sender<()>),
}

/// The queue in front of the writing task.
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
}

impl Writer {
    /// Starts the task that owns the writing connection.
    pub(crate) fn start(conn: Conn, queue: usize, batch: usize, pulse: Arc<Pulse>) -> Self {
        let (sender, receiver) = mpsc::channel(queue.max(1));
        tokio::spawn(serve(conn, receiver, batch.max(1), pulse));
        Self { queue: sender }
    }

    /// Runs an operation when its turn comes, which must be within `patience`:
    /// on a disk that hangs callers are told, instead of piling up.
    pub(crate) async fn run<T, F>(
        &self,
        operation: F,
        keyed: bool,
        patience: Duration,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Conn) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static,
    {
        let (job, mut answer) = Job::new(operation, keyed);
        let turn = job.turn.clone();
        match self.queue.send_timeout(Message::Run(job), patience).await {
            Ok(()) => {}
            Err(SendTimeoutError::Timeout(_)) => return Err(StoreError::too_slow()),
            Err(SendTimeoutError::Closed(_)) => return Err(StoreError::Closed),
        }
        let mut limit = patience;
        loop {
            match tokio::time::timeout(limit, &mut answer).await {
                Ok(answered) => return answered.unwrap_or(Err(StoreError::Aborted)),
                Err(_) if turn.give_up() => return Err(StoreError::too_slow()),
                // It runs: its outcome is nearly always worth waiting for.
                Err(_) if limit == patience => limit = patience * BEGUN,
                Err(_) => return Err(StoreError::too_slow()),
            }
        }
    }

    /// Returns once everything queued before is committed and the file is closed.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            drop(closed.await);
        }
    }
}

async fn serve(mut conn: Conn, mut queue: mpsc::Receiver<Message>, limit: usize, pulse: Arc<Pulse>) {
    let mut closers = Vec::new();
    while let Some(first) = queue.recv().await {
        let mut jobs = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Run(job) => jobs.push(job),
                Message::Close(done) => {
                    closers.push(done);
                    // What is queued already is still served; senders now fail.
                    queue.close();
                }
            }
            next = if jobs.len() < limit { queue.try_recv().ok() } else { None };
        }
        if !jobs.is_empty() {
            pulse.busy(true);
            commit(&mut conn, jobs).await;
            pulse.busy(false);
        }
    }
    if let Link::SqliteWriter(conn) = conn.into_link()
        && let Err(error) = sqlx::Connection::close(conn).await
    {
        tracing::warn!(%error, "the database file did not close cleanly");
    }
    for closer in closers {
        // Whoever asked may have stopped waiting.
        let _gone = closer.send(());
    }
}

/// Runs a batch in one transaction and answers its callers.
async fn commit(conn: &mut Conn, jobs: Vec<Job>) {
    let started = Instant::now();
    metrics::histogram!("offhook_store_batch_writes").record(u32::try_from(jobs.len()).unwrap_or(u32::MAX));
    for job in &jobs {
        metrics::histogram!("offhook_store_queue_seconds").record(started - job.queued_at);
    }
    let (answers, outcome) = run_batch(conn, jobs).await;
    metrics::histogram!("offhook_store_commit_seconds").record(started.elapsed());
    if let Err(error) = &outcome {
        tracing::error!(%error, writes = answers.len(), "a batch of writes was not committed");
    }
    for answer in answers {
        answer(outcome.clone());
    }
}

async fn run_batch(conn: &mut Conn, jobs: Vec<Job>) -> (Vec<Answer>, Result<(), StoreError>) {
    let mut answers = Vec::with_capacity(jobs.len());
    let keyed = jobs.iter().any(|job| job.keyed);
    let mut outcome = Failpoint::Begin.reach().await;
    if outcome.is_ok() {
        outcome = conn.script("BEGIN IMMEDIATE").await;
    }
    if outcome.is_err() {
        return (jobs.into_iter().map(|job| job.refuse).collect(), outcome);
    }
    for job in jobs {
        if !job.turn.begin() {
            // Its caller was told that nothing has happened.
            continue;
        }
        if outcome.is_ok() {
            outcome = run_job(conn, job, &mut answers).await;
        } else {
            answers.push(job.refuse);
        }
    }
    if outcome.is_ok() {
        outcome = failpoint::before_commit(keyed).await;
    }
    if outcome.is_ok() {
        outcome = conn.script("COMMIT").await;
    }
    if outcome.is_ok() {
        outcome = failpoint::after_commit(keyed).await;
    }
    if outcome.is_err() {
        // SQLite may have rolled back by itself (full disk); then this fails, and that is fine.
        drop(conn.script("ROLLBACK").await);
    }
    (answers, outcome)
}

/// Runs one job in its savepoint. An error here means that the transaction
/// itself is lost, and with it the whole batch.
async fn run_job(conn: &mut Conn, job: Job, answers: &mut Vec<Answer>) -> Result<(), StoreError> {
    if let Err(error) = conn.script("SAVEPOINT job").await {
        answers.push(job.refuse);
        return Err(error);
    }
    // A panicking operation must not take the writer with it: its caller sees
    // a dropped channel, everybody else goes on.
    let failure = match AssertUnwindSafe((job.run)(conn)).catch_unwind().await {
        Ok(finished) => {
            answers.push(finished.answer);
            finished.failure
        }
        Err(_panic) => Some(StoreError::Aborted),
    };
    let Some(failure) = failure else { return conn.script("RELEASE job").await };
    // On a full disk SQLite rolls the whole transaction back by itself; the
    // savepoint is gone then, and the job's error is everybody's.
    conn.script("ROLLBACK TO job; RELEASE job").await.map_err(|_| failure)
}
