//! What every double is built on: a server that records and a body that plays.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, StatusCode, Uri, header::CONTENT_TYPE},
    response::Response,
};
use bytes::Bytes;
use futures::Stream;
use tokio::sync::watch;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// When its body was complete.
    pub at: Instant,
    /// Method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// All headers.
    pub headers: HeaderMap,
    /// The exact bytes.
    pub body: Bytes,
}

impl Received {
    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header as text, when present and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The requests a double has seen, and how many replies the client cut off.
#[derive(Debug, Clone)]
pub struct Journal {
    requests: Arc<Mutex<Vec<Received>>>,
    count: Arc<watch::Sender<usize>>,
    cancelled: Arc<AtomicUsize>,
}

impl Default for Journal {
    fn default() -> Self {
        Self { requests: Arc::default(), count: Arc::new(watch::Sender::new(0)), cancelled: Arc::default() }
    }
}

impl Journal {
    /// Every request so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        locked(&self.requests).clone()
    }

    /// Replies that the client stopped reading before their end.
    #[must_use]
    pub fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Waits until request number `n` (0 is the first) has come; none after `patience`.
    pub async fn request(&self, n: usize, patience: Duration) -> Option<Received> {
        let mut count = self.count.subscribe();
        tokio::time::timeout(patience, count.wait_for(|have| *have > n)).await.ok()?.ok()?;
        locked(&self.requests).get(n).cloned()
    }

    /// Waits for the first request that fits, past or future; none after `patience`.
    pub async fn first(&self, fits: impl Fn(&Received) -> bool, patience: Duration) -> Option<Received> {
        let mut count = self.count.subscribe();
        let search = async {
            loop {
                if let Some(hit) = locked(&self.requests).iter().find(|r| fits(r)) {
                    return Some(hit.clone());
                }
                count.changed().await.ok()?;
            }
        };
        tokio::time::timeout(patience, search).await.ok()?
    }

    pub(super) fn record(&self, received: Received) {
        let mut requests = locked(&self.requests);
        requests.push(received);
        self.count.send_replace(requests.len());
    }
}

/// A listening double; dropping it closes the port.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    /// Serves `router` on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(router: Router) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "a double stopped serving");
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port` and `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One thing a body does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing, for this long.
    Wait(Duration),
    /// These bytes, in one piece.
    Send(Bytes),
    /// Nothing, until the client gives up.
    Stall,
    /// Break the connection without ending the body.
    Break,
}

/// A response whose body plays `steps`; a client that leaves early is counted.
pub(super) fn play(status: StatusCode, content_type: &str, steps: Vec<Step>, journal: &Journal) -> Response {
    let mut reader = CutOff { cancelled: Arc::clone(&journal.cancelled), done: false };
    let stream = async_stream::stream! {
        let reader = &mut reader;
        for step in steps {
            match step {
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Send(bytes) => yield Ok(bytes),
                Step::Stall => std::future::pending::<()>().await,
                Step::Break => {
                    // What was sent before must leave the server's buffer first.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    reader.done = true;
                    yield Err(io::Error::other("broken off on purpose"));
                    return;
                }
            }
        }
        reader.done = true;
    };
    let stream: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>> = Box::pin(stream);
    let mut response = Response::new(Body::from_stream(stream));
    *response.status_mut() = status;
    if let Ok(value) = content_type.parse() {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}

struct CutOff {
    cancelled: Arc<AtomicUsize>,
    done: bool,
}

impl Drop for CutOff {
    fn drop(&mut self) {
        if !self.done {
            self.cancelled.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Locks, also after a panic of another test thread.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
