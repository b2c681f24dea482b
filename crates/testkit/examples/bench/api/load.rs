//! A lean HTTP/1.1 load generator: one thread, kept connections, one request
//! under way on each, no pipelining. It reads whole answers and looks at the
//! status, and does no more.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use futures::future::try_join_all;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::server::{KEY, Server};

const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);

/// The same request again and again, on so many connections.
pub struct Load {
    to: SocketAddr,
    request: Vec<u8>,
    connections: usize,
}

/// What came of it.
pub struct Outcome {
    pub per_second: f64,
    /// From the first byte sent to the last byte read, each request.
    pub waits_ms: Vec<f64>,
    /// With warming up.
    pub lasted: Duration,
}

impl Load {
    pub fn get(server: &Server, path: &str, connections: usize) -> Self {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {KEY}\r\n\r\n", server.http);
        Self { to: server.http, request: request.into_bytes(), connections }
    }

    pub fn post(server: &Server, path: &str, body: &Value, connections: usize) -> Self {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {KEY}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            server.http,
            body.len()
        );
        Self { to: server.http, request: request.into_bytes(), connections }
    }

    /// Runs it on a thread of its own.
    pub fn run(&self) -> Result<Outcome> {
        // Made and dropped on that thread: a runtime must not be dropped inside another.
        let drive = || -> Result<Vec<Vec<f64>>> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
            runtime.block_on(try_join_all((0..self.connections).map(|_| self.connection())))
        };
        let begun = Instant::now();
        let waits = std::thread::scope(|scope| scope.spawn(drive).join());
        let waits = waits.ok().context("the generator panicked")??;
        let waits_ms: Vec<f64> = waits.into_iter().flatten().collect();
        let per_second = waits_ms.len() as f64 / MEASURED.as_secs_f64();
        Ok(Outcome { per_second, waits_ms, lasted: begun.elapsed() })
    }

    async fn connection(&self) -> Result<Vec<f64>> {
        let mut stream = TcpStream::connect(self.to).await?;
        stream.set_nodelay(true)?;
        let (mut waits, mut buffer) = (Vec::new(), vec![0; 256 * 1024]);
        let begun = Instant::now();
        loop {
            let sent = Instant::now();
            if sent - begun > WARM_UP + MEASURED {
                return Ok(waits);
            }
            stream.write_all(&self.request).await?;
            answer(&mut stream, &mut buffer).await?;
            if sent - begun > WARM_UP {
                waits.push(sent.elapsed().as_secs_f64() * 1_000.0);
            }
        }
    }
}

/// Reads one answer, which must be a 200.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    let mut whole = None;
    loop {
        let read = stream.read(buffer.get_mut(filled..).context("an answer too long")?).await?;
        if read == 0 {
            bail!("the server closed the connection");
        }
        filled += read;
        let so_far = buffer.get(..filled).unwrap_or_default();
        if whole.is_none() {
            whole = length(so_far)?;
        }
        if whole.is_some_and(|whole| filled >= whole) {
            return Ok(());
        }
    }
}

/// Bytes of head and body, once the head is there.
fn length(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!("not a 200: {}", String::from_utf8_lossy(bytes));
    }
    let value = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Ok(Some(end + 4 + value.context("no content-length")?.trim().parse::<usize>()?))
}
