//! One connection to a member, made when it is needed and again when it is lost.

use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use coffer_api::forward::SentBody;
use coffer_model::{PeerStream, Peers};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::Mutex;

use super::{CONNECTION_WINDOW, FRAME, HEAD, SEND_BUFFER, STREAM_WINDOW, STREAMS};

/// A member that does not answer this long is gone, however whole the connection looks.
const PING_AFTER: Duration = Duration::from_secs(2);
const PONG_WITHIN: Duration = Duration::from_secs(3);

/// The connection and who may make it.
#[derive(Default)]
pub(super) struct Lane {
    sender: ArcSwapOption<SendRequest<SentBody>>,
    making: Mutex<Option<Failed>>,
}

/// The last attempt failed, then and so.
struct Failed {
    at: Instant,
    reason: String,
}

impl Lane {
    /// The connection as it is, or a new one.
    pub(super) async fn sender(&self, peers: &dyn Peers, to: &str) -> Result<SendRequest<SentBody>, String> {
        if let Some(sender) = self.open() {
            return Ok(sender);
        }
        let asked = Instant::now();
        let mut last = self.making.lock().await;
        if let Some(sender) = self.open() {
            return Ok(sender);
        }
        // All who waited for one attempt share its end.
        if let Some(failed) = last.as_ref().filter(|failed| failed.at >= asked) {
            return Err(failed.reason.clone());
        }
        match connect(peers, to).await {
            Ok(sender) => {
                self.sender.store(Some(sender.clone().into()));
                *last = None;
                Ok(sender)
            }
            Err(reason) => {
                *last = Some(Failed { at: Instant::now(), reason: reason.clone() });
                Err(reason)
            }
        }
    }

    fn open(&self) -> Option<SendRequest<SentBody>> {
        self.sender.load().as_ref().filter(|sender| !sender.is_closed()).map(|sender| SendRequest::clone(sender))
    }
}

async fn connect(peers: &dyn Peers, to: &str) -> Result<SendRequest<SentBody>, String> {
    let stream = peers.connect(to).await.map_err(|error| error.to_string())?;
    shake_hands(stream, to).await.map_err(|error| error.to_string())
}

async fn shake_hands(stream: Box<dyn PeerStream>, to: &str) -> hyper::Result<SendRequest<SentBody>> {
    let (sender, connection) = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(STREAMS as usize)
        .max_frame_size(FRAME)
        .max_header_list_size(HEAD)
        .max_send_buf_size(SEND_BUFFER)
        .max_concurrent_reset_streams(STREAMS as usize)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PONG_WITHIN)
        .handshake(TokioIo::new(stream))
        .await?;
    let to = to.to_owned();
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(member = to, %error, "a connection for forwarded requests ended");
        }
    });
    Ok(sender)
}
