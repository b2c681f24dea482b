//! A listener on loopback, IPv4 and IPv6, that nobody should ever reach.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{io::AsyncReadExt as _, net::TcpListener};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    pub connections: usize,
    pub bytes: usize,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    bytes: AtomicUsize,
}

pub struct Canary {
    port: u16,
    counts: Arc<Counts>,
}

impl Canary {
    /// Listens on one port of `127.0.0.1` and `::1`.
    pub async fn start() -> Self {
        let counts = Arc::<Counts>::default();
        // The port must be free for both, and on the stand-in for the outside.
        let (four, six) = loop {
            let four = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = four.local_addr().unwrap().port();
            let outside = TcpListener::bind((super::OUTSIDE, port)).await;
            if let (Ok(six), Ok(_free)) = (TcpListener::bind(("::1", port)).await, outside) {
                break (four, six);
            }
        };
        let port = four.local_addr().unwrap().port();
        for listener in [four, six] {
            tokio::spawn(listen(listener, Arc::clone(&counts)));
        }
        Self { port, counts }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn heard(&self) -> Heard {
        Heard {
            connections: self.counts.connections.load(Ordering::SeqCst),
            bytes: self.counts.bytes.load(Ordering::SeqCst),
        }
    }

    /// Nobody connected, let alone said anything.
    #[track_caller]
    pub fn assert_silent(&self) {
        assert_eq!(self.heard(), Heard { connections: 0, bytes: 0 });
    }
}

async fn listen(listener: TcpListener, counts: Arc<Counts>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        counts.connections.fetch_add(1, Ordering::SeqCst);
        let counts = Arc::clone(&counts);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            // Something is read, counted, and hung up on: an error for the client.
            if let Ok(read) = stream.read(&mut buffer).await {
                counts.bytes.fetch_add(read, Ordering::SeqCst);
            }
        });
    }
}
