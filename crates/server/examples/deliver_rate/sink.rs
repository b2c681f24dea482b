//! A receiver on loopback: answers at once, or never.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::{Router, extract::State, routing::post};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;

#[derive(Clone)]
pub struct Sink {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    count: AtomicUsize,
    /// When each delivery first came.
    times: Mutex<HashMap<String, Instant>>,
}

impl Sink {
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let sink = Self { address: listener.local_addr()?, seen: Arc::default() };
        let routes = Router::new()
            .route("/ok", post(take))
            .route("/hang", post(std::future::pending::<StatusCode>))
            .with_state(Arc::clone(&sink.seen));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(sink)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Requests answered.
    pub fn count(&self) -> usize {
        self.seen.count.load(Ordering::Relaxed)
    }

    /// When a delivery first came.
    pub fn at(&self, delivery_id: &str) -> Option<Instant> {
        self.seen.times.lock().unwrap_or_else(PoisonError::into_inner).get(delivery_id).copied()
    }
}

async fn take(State(seen): State<Arc<Seen>>, headers: HeaderMap, _body: axum::body::Bytes) -> StatusCode {
    let now = Instant::now();
    if let Some(id) = headers.get("x-webhook-id").and_then(|id| id.to_str().ok()) {
        let mut times = seen.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.entry(id.to_owned()).or_insert(now);
    }
    seen.count.fetch_add(1, Ordering::Relaxed);
    StatusCode::OK
}
