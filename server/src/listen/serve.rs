//! HTTP on one connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::clock::{ConnectionClock, Streams};
use super::{Answer, ConnectionInfo, RequestBody};

/// What was agreed on in the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.1 and 1.0.
    Http1,
    /// HTTP/2.
    Http2,
}

/// Bytes of a request's head, and the number of its header fields. Go's server has 1 MiB; tokens and paths need a few KiB.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 128;
/// Requests in work on one HTTP/2 connection.
const MAX_STREAMS: u32 = 250;
/// How long a connection without a request in work is kept when the server stops: for its first request, or to say goodbye.
pub(super) const LINGER: Duration = Duration::from_millis(500);
/// Bytes of an answer that wait for a client who does not take them, a stream.
const MAX_SEND_BUFFER: usize = 256 << 10;

/// Serves the connection to its end: closed by the peer, overdue, or drained after `stop`.
pub(super) async fn connection<S, A>(
    stream: S,
    info: Arc<ConnectionInfo>,
    protocol: Protocol,
    answer: A,
    stop: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Answer,
{
    let clock = Arc::new(ConnectionClock::start());
    let io = TokioIo::new(Timed { stream, clock: Arc::clone(&clock) });
    let limits = info.listener.limits;
    let service = {
        let (clock, info, stop) = (Arc::clone(&clock), Arc::clone(&info), stop.clone());
        service_fn(move |request: Request<Incoming>| {
            let in_flight = InFlight::begin(&clock);
            let (answer, info, stop) = (answer.clone(), Arc::clone(&info), stop.clone());
            async move {
                let listener = Arc::clone(&info.listener);
                let time = listener.limits.read_timeout;
                let is_file = coffer_api::takes_file(request.method(), request.uri().path());
                let request = request
                    .map(|body| if is_file { RequestBody::file(body, time) } else { RequestBody::new(body, time) });
                let mut response = answer.answer(request, info).await;
                listener.response_headers.add_to(response.status(), response.headers_mut());
                if protocol == Protocol::Http1 && stop.is_cancelled() {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                let counted = |body| Counted { body, in_flight };
                Ok::<Response<Counted<A::Body>>, std::convert::Infallible>(response.map(counted))
            }
        })
    };
    match protocol {
        Protocol::Http1 => {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                // The clock tells slow from idle, which hyper's one limit does not.
                .header_read_timeout(None)
                .max_buf_size(MAX_HEAD)
                .max_headers(MAX_HEADERS)
                .serve_connection(io, service);
            until_overdue(connection, |c| c.graceful_shutdown(), &clock, &limits, Streams::One, &stop).await;
        }
        Protocol::Http2 => {
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_header_list_size(MAX_HEAD as u32)
                .max_concurrent_streams(MAX_STREAMS)
                .max_send_buf_size(MAX_SEND_BUFFER)
                .serve_connection(io, service);
            until_overdue(connection, |c| c.graceful_shutdown(), &clock, &limits, Streams::Many, &stop).await;
        }
    }
}

async fn until_overdue<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    shut_down: impl Fn(Pin<&mut C>),
    clock: &ConnectionClock,
    limits: &crate::config::Limits,
    streams: Streams,
    stop: &CancellationToken,
) {
    let mut connection = std::pin::pin!(connection);
    let mut ticks = tokio::time::interval(ConnectionClock::tick(limits));
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "connection ended");
                }
                return;
            }
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                // A client that has only just connected is about to ask; what it sent would be lost with the connection.
                if streams == Streams::Many || clock.was_asked() {
                    shut_down(connection.as_mut());
                }
                ticks = tokio::time::interval_at(Instant::now() + LINGER, LINGER);
            }
            _ = ticks.tick() => {
                if stopping && !clock.is_busy() {
                    return;
                }
                if let Some(why) = clock.overdue(limits, streams) {
                    tracing::trace!(?why, "connection closed");
                    return;
                }
            }
        }
    }
}

/// Tells the clock that a request is in work for as long as it lives.
struct InFlight(Arc<ConnectionClock>);

impl InFlight {
    fn begin(clock: &Arc<ConnectionClock>) -> Self {
        clock.request_began();
        Self(Arc::clone(clock))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.request_ended();
    }
}

pin_project_lite::pin_project! {
    /// A body whose request is in work until it is written: `sys/monitor` streams for minutes without a byte.
    struct Counted<B> {
        #[pin]
        body: B,
        in_flight: InFlight,
    }
}

impl<B: Body<Data = Bytes>> Body for Counted<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that tells the clock when bytes arrive.
struct Timed<S> {
    stream: S,
    clock: Arc<ConnectionClock>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.clock.received();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}
