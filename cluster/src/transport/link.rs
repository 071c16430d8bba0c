//! A lasting connection to a member for questions and answers: many at a time, made when it is wanted, made anew when
//! it breaks.
//!
//! Its keeper runs apart from those who ask, so that a question given up early does not end a connection in the
//! making.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::channel::{self, Outbox};
use super::greet::{Failed, Target};
use super::tls::Protocol;
use super::wire::{Frame, Kind};

/// After a failure, this long until the next attempt; then twice as long, up to the most.
const FIRST_GATE: Duration = Duration::from_millis(50);
const LAST_GATE: Duration = Duration::from_millis(500);

/// What a link is for: each has its own connection, so that none waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Log entries.
    Append,
    /// Heartbeats.
    Heartbeat,
    /// Votes and handing over.
    Control,
    /// Questions of the upper layers.
    Ask,
}

/// No answer.
#[derive(Clone, Debug)]
pub(crate) enum LinkError {
    /// There is no connection.
    Down(Failed),
    /// There was one, and it broke; the question may have arrived.
    Broken,
    /// No answer in time.
    Late,
    /// The other side could not answer, and says why.
    Failure(String),
}

impl std::fmt::Display for LinkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Down(failed) => f.write_str(&failed.reason),
            Self::Broken => f.write_str("the connection broke"),
            Self::Late => f.write_str("no answer in time"),
            Self::Failure(reason) => f.write_str(reason),
        }
    }
}

/// See the module's head. Dropping it ends the connection.
pub(crate) struct Link {
    status: watch::Sender<Status>,
    wanted: Notify,
    stop: CancellationToken,
}

#[derive(Clone)]
enum Status {
    Idle,
    Connecting,
    Up(Arc<Connection>),
    Down(Failed),
}

impl Link {
    /// Begins without a connection.
    pub(super) fn open(inner: Weak<Inner>, target: Target, lane: Lane) -> Arc<Self> {
        let link = Arc::new(Self {
            status: watch::Sender::new(Status::Idle),
            wanted: Notify::new(),
            stop: CancellationToken::new(),
        });
        tokio::spawn(keep(Arc::downgrade(&link), link.stop.clone(), inner, target, lane));
        link
    }

    /// Makes the connection before somebody needs it.
    pub(super) fn warm(&self) {
        let is_up = matches!(&*self.status.borrow(), Status::Up(connection) if !connection.is_closed());
        if !is_up {
            self.wanted.notify_one();
        }
    }

    /// The connection, once it is there; fails at once where the last attempt did and the next is not yet due.
    pub(crate) async fn connection(&self, patience: Duration) -> Result<Arc<Connection>, LinkError> {
        let mut status = self.status.subscribe();
        let found = async {
            loop {
                let now = status.borrow_and_update().clone();
                match now {
                    Status::Up(connection) if !connection.is_closed() => return Ok(connection),
                    Status::Down(failed) => return Err(LinkError::Down(failed)),
                    Status::Idle | Status::Connecting | Status::Up(_) => self.wanted.notify_one(),
                }
                if status.changed().await.is_err() {
                    return Err(LinkError::Broken);
                }
            }
        };
        tokio::time::timeout(patience, found).await.unwrap_or(Err(LinkError::Late))
    }

    /// Asks and waits for the answer.
    pub(crate) async fn ask(&self, kind: Kind, body: Bytes, patience: Duration) -> Result<Bytes, LinkError> {
        let deadline = tokio::time::Instant::now() + patience;
        let connection = self.connection(patience).await?;
        let pending = connection.send(kind, body).await?;
        tokio::time::timeout_at(deadline, pending.answer()).await.unwrap_or(Err(LinkError::Late))
    }

    /// An attempt is due at once: the other side has just shown that it lives.
    pub(super) fn retry_now(&self) {
        self.status.send_if_modified(|status| {
            let is_down = matches!(status, Status::Down(_));
            if is_down {
                *status = Status::Idle;
            }
            is_down
        });
    }

    pub(super) fn close(&self) {
        self.stop.cancel();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Dials whenever somebody wants the connection and there is none.
async fn keep(link: Weak<Link>, stop: CancellationToken, inner: Weak<Inner>, mut target: Target, lane: Lane) {
    let mut gate = FIRST_GATE;
    let protocol = if lane == Lane::Ask { Protocol::Ask } else { Protocol::Raft };
    loop {
        let wanted = async {
            match link.upgrade() {
                Some(link) => link.wanted.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = wanted => {}
        }
        let (Some(held), Some(transport)) = (link.upgrade(), inner.upgrade()) else { return };
        held.status.send_replace(Status::Connecting);
        // Its address may have changed.
        if let Some(node) = transport.roster.get(target.raft_id) {
            target.node = node;
        }
        let dialled = tokio::select! {
            () = stop.cancelled() => return,
            dialled = transport.dial(&target, protocol) => dialled,
        };
        drop(transport);
        match dialled {
            Ok(dialled) => {
                gate = FIRST_GATE;
                let connection = Connection::start(dialled, stop.child_token());
                let ended = connection.closed.clone();
                held.status.send_replace(Status::Up(connection));
                drop(held);
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = ended.cancelled() => {}
                }
                if let Some(shared) = inner.upgrade().and_then(|inner| inner.shared()) {
                    shared.connection_lost(target.raft_id);
                }
                if let Some(held) = link.upgrade() {
                    held.status.send_replace(Status::Idle);
                }
            }
            Err(failed) => {
                let mut status = held.status.subscribe();
                held.status.send_replace(Status::Down(failed));
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(gate) => {}
                    _ = status.wait_for(|status| matches!(status, Status::Idle)) => {}
                }
                gate = (gate * 2).min(LAST_GATE);
                held.status.send_replace(Status::Idle);
            }
        }
    }
}

/// A connection that stands.
pub(crate) struct Connection {
    outbox: Outbox,
    waiting: Arc<Waiting>,
    next_id: AtomicU64,
    closed: CancellationToken,
}

type Waiting = Mutex<HashMap<u64, oneshot::Sender<Result<Bytes, LinkError>>>>;

impl Connection {
    fn start(dialled: super::dial::Dialled, closed: CancellationToken) -> Arc<Self> {
        let (outbox, mut inbox) = channel::start(dialled.stream, closed.clone());
        let waiting = Arc::<Waiting>::default();
        let connection =
            Self { outbox, waiting: Arc::clone(&waiting), next_id: AtomicU64::new(1), closed: closed.clone() };
        tokio::spawn(async move {
            while let Some(frame) = inbox.next().await {
                let answer = match frame.kind {
                    Kind::Answer => Ok(frame.body),
                    Kind::Failure => Err(LinkError::Failure(String::from_utf8_lossy(&frame.body).into_owned())),
                    _ => continue,
                };
                if let Some(asker) = waiting.lock().remove(&frame.id) {
                    // Gone where its patience was over.
                    let _ = asker.send(answer);
                }
            }
            closed.cancel();
            for (_, asker) in waiting.lock().drain() {
                let _ = asker.send(Err(LinkError::Broken));
            }
        });
        Arc::new(connection)
    }

    fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Sends a question; waits only for room.
    pub(crate) async fn send(&self, kind: Kind, body: Bytes) -> Result<Pending, LinkError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().insert(id, sender);
        let pending = Pending { id, answer, waiting: Arc::clone(&self.waiting) };
        if self.is_closed() || self.outbox.send(Frame::new(kind, id, body)).await.is_err() {
            return Err(LinkError::Broken);
        }
        Ok(pending)
    }
}

/// A question on its way. Dropping it gives it up.
pub(crate) struct Pending {
    id: u64,
    answer: oneshot::Receiver<Result<Bytes, LinkError>>,
    waiting: Arc<Waiting>,
}

impl Pending {
    /// Waits for the answer; may be dropped and called again.
    pub(crate) async fn wait(&mut self) -> Result<Bytes, LinkError> {
        (&mut self.answer).await.unwrap_or(Err(LinkError::Broken))
    }

    async fn answer(mut self) -> Result<Bytes, LinkError> {
        self.wait().await
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.id);
    }
}
