//! Requests that other members send here.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use coffer_api::Service;
use coffer_model::PeerStream;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{CONNECTION_WINDOW, FRAME, HEAD, SEND_BUFFER, STREAM_WINDOW, STREAMS};

/// A member that does not answer this long is gone.
const PING_AFTER: Duration = Duration::from_secs(5);
const PONG_WITHIN: Duration = Duration::from_secs(5);

/// Answers what members send.
#[derive(Clone)]
pub struct ForwardServer {
    service: Arc<Service>,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl ForwardServer {
    /// By this service.
    pub fn new(service: Arc<Service>) -> Self {
        Self { service, stop: CancellationToken::new(), connections: TaskTracker::new() }
    }

    /// Serves one connection to its end.
    pub async fn serve(&self, stream: Box<dyn PeerStream>) {
        let service = Arc::clone(&self.service);
        let answer = service_fn(move |request: Request<Incoming>| {
            let service = Arc::clone(&service);
            async move { Ok::<_, Infallible>(service.respond_to_member(request).await) }
        });
        let connection = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_concurrent_streams(STREAMS)
            .max_frame_size(FRAME)
            .max_header_list_size(HEAD)
            .max_send_buf_size(SEND_BUFFER)
            // A member takes back what its clients give up, many at once where a balancer goes away.
            .max_pending_accept_reset_streams(STREAMS as usize)
            .max_local_error_reset_streams(STREAMS as usize)
            .keep_alive_interval(PING_AFTER)
            .keep_alive_timeout(PONG_WITHIN)
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), answer);
        let served = self.connections.track_future(async {
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                ended = connection.as_mut() => return ended,
                () = self.stop.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            connection.await
        });
        if let Err(error) = served.await {
            tracing::debug!(%error, "a member's connection for forwarded requests ended");
        }
    }

    /// Lets requests in work finish for as long as `patience`, and takes no further ones.
    pub async fn drain(&self, patience: Duration) {
        self.stop.cancel();
        self.connections.close();
        let _ = tokio::time::timeout(patience, self.connections.wait()).await;
    }
}
