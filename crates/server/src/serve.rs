//! Serves the router on a listener until told to stop, then drains.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::body::Body;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{app::App, error::Chain, requests::client::Peer, router::router};

/// Bytes of request head accepted before 431.
const HEAD_LIMIT_BYTES: usize = 64 * 1024;
/// Header lines accepted before 431.
const HEADER_LIMIT: usize = 100;
/// Pause after a failed accept (out of file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` is cancelled, then lets running requests end for
/// at most [`crate::Settings::drain`].
///
/// # Errors
/// When the listener has no address any more; single connections never end it.
pub async fn serve(listener: TcpListener, app: App, shutdown: CancellationToken) -> io::Result<()> {
    let settings = app.settings().clone();
    tracing::info!(listen = %listener.local_addr()?, "http serves");
    let routes = router(app);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.body_timeout)
        .max_buf_size(HEAD_LIMIT_BYTES)
        .max_headers(HEADER_LIMIT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_LIMIT_BYTES as u32)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .max_concurrent_streams(128);
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(settings.max_connections));
    let patience = settings.body_timeout;
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &free) => accepted,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let started = Arc::new(Notify::new());
        let starting = Arc::clone(&started);
        let service = routes.clone().map_request(move |request: http::Request<_>| {
            starting.notify_one();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            request
        });
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            until_over(connection, &started, patience).await;
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(settings.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still running after the drain time");
    }
    Ok(())
}

/// Drives a connection to its end, or closes it when no request head has come
/// within `patience`.
///
/// hyper's own timeout begins only when it knows the protocol: who sends
/// nothing, or the beginning of `PRI * HTTP/2.0`, would stay for ever.
async fn until_over<E>(connection: impl Future<Output = Result<(), E>>, started: &Notify, patience: Duration)
where
    E: AsRef<dyn std::error::Error + Send + Sync>,
{
    let mut connection = pin!(connection);
    let first = async {
        tokio::select! {
            ended = &mut connection => Some(ended),
            () = started.notified() => None,
        }
    };
    let ended = match tokio::time::timeout(patience, first).await {
        Ok(Some(ended)) => ended,
        Ok(None) => connection.await,
        Err(_) => {
            tracing::debug!("a connection without a request was closed");
            return;
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %Chain(error.as_ref()), "a connection ended badly");
    }
}

async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> io::Result<(tokio::net::TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(free).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}
