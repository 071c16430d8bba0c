//! A connection: HTTP/1.1 or 2 on a stream that the server has accepted, until it ends or is drained.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use coffer_core::Remote;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Service;

/// What is known of a connection before its first request.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionInfo {
    /// The other end; `None` on a unix socket.
    pub remote: Option<Remote>,
}

/// Bounds on what a caller may make the server do.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// `max_request_size`: bytes of a body.
    pub body: usize,
    /// `max_request_duration`: from the head to the answer.
    pub request_time: Duration,
    /// `http_read_header_timeout`: for the head of a request.
    pub header_time: Duration,
    /// Bytes of a head.
    pub header_bytes: usize,
    /// `require_request_header`: refuse requests without `X-Vault-Request: true`.
    pub require_request_header: bool,
    /// `unauthenticated_metrics_access` of the listener.
    pub open_metrics: bool,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body: 32 * 1024 * 1024,
            request_time: Duration::from_secs(90),
            header_time: Duration::from_secs(10),
            header_bytes: 64 * 1024,
            require_request_header: false,
            open_metrics: false,
        }
    }
}

/// Serves a connection until it ends; once `drain` resolves, the request in hand is finished and the connection closed.
pub async fn serve_connection<S, D>(service: Arc<Service>, stream: S, info: ConnectionInfo, drain: D)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    D: Future<Output = ()>,
{
    let limits = service.limits().clone();
    let handler = service_fn(move |request: http::Request<Incoming>| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(service.respond(&info, request).await) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(limits.header_bytes.max(8192))
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(256);
    let connection = builder.serve_connection(TokioIo::new(stream), handler);
    tokio::pin!(connection);
    tokio::pin!(drain);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.as_mut() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = ended {
        // A caller that goes away or sends no HTTP: nothing for an operator.
        tracing::debug!("connection ended: {error}");
    }
}
