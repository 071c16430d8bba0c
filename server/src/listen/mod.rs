//! Sockets, TLS and HTTP framing: from a bound address to a request that somebody else answers.

mod accept;
mod bind;
mod clock;
mod connection;
mod handshake;
mod junction;
mod limit;
mod proxy_protocol;
mod request_body;
mod serve;
mod unix_socket;

pub(crate) use bind::tcp as bind_tcp;
pub use bind::{BindError, Bound};
pub use connection::{ConnectionInfo, ListenerInfo, Peer, TlsInfo};
pub use junction::Answer;
pub use limit::{ConnectionLimit, Quiet};
pub use request_body::{BodyError, RequestBody};

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// All listeners at work. Dropping it does not stop them; [`Serving::drain`] does.
#[derive(Debug)]
pub struct Serving {
    stop: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every connection was closed by itself.
    All,
    /// Time was up, and this many tasks were cut off.
    CutOff(usize),
}

/// Begins to accept on all of them.
pub fn serve<A: Answer>(bound: Vec<Bound>, answer: &A, limit: ConnectionLimit) -> Serving {
    let serving =
        Serving { stop: CancellationToken::new(), abort: CancellationToken::new(), tasks: TaskTracker::new() };
    let permits = Arc::new(tokio::sync::Semaphore::new(limit.connections()));
    for listener in bound {
        let loop_of = accept::Loop {
            listener,
            answer: answer.clone(),
            permits: Arc::clone(&permits),
            stop: serving.stop.clone(),
            abort: serving.abort.clone(),
            tasks: serving.tasks.clone(),
        };
        serving.tasks.spawn(loop_of.run());
    }
    serving
}

impl Serving {
    /// Stops accepting, lets requests in work finish for as long as `patience`, then cuts the rest off.
    pub async fn drain(self, patience: Duration) -> Drained {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_ok() {
            return Drained::All;
        }
        let left = self.tasks.len();
        self.abort.cancel();
        self.tasks.wait().await;
        Drained::CutOff(left)
    }
}
