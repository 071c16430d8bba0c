//! A connection to a server of a backend: the next one where one fails.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::silence;
use crate::pool::{Pool, Session};

/// When all servers were tried in vain, they are tried again after this.
const ROUND: Duration = Duration::from_millis(200);

/// A server that has taken the connection.
pub(super) struct Dialled {
    pub(super) stream: TcpStream,
    pub(super) session: Session,
    /// Its place in the backend.
    pub(super) at: usize,
}

/// No server took it in time.
#[derive(Debug, thiserror::Error)]
#[error("no server of the backend took the connection in time")]
pub(super) struct NoServer;

/// Connects to a server that is none of `tried`; those that fail are added to it, and are asked again when no other is
/// left.
pub(super) async fn dial(pool: &Pool, tried: &mut Vec<usize>, deadline: Instant) -> Result<Dialled, NoServer> {
    loop {
        let Some(at) = pool.choose(tried) else {
            await_room(pool, tried, deadline).await?;
            continue;
        };
        let server = &pool.servers[at];
        let session = Session::begin(&server.live);
        let patience = deadline.min(Instant::now() + pool.settings.connect_timeout);
        match timeout_at(patience, server.connect()).await {
            Ok(Ok(stream)) => {
                server.live.counts.sessions.fetch_add(1, Ordering::Relaxed);
                silence::limit(&stream, pool.settings.ack_timeout);
                return Ok(Dialled { stream, session, at });
            }
            Ok(Err(error)) => tracing::debug!(server = server.settings.name, %error, "connecting failed"),
            Err(_) => tracing::debug!(server = server.settings.name, "connecting took too long"),
        }
        server.live.counts.connect_failures.fetch_add(1, Ordering::Relaxed);
        pool.doubt.notify_waiters();
        tried.push(at);
    }
}

/// Waits until a server may take what none takes now; those that were tried may be asked again after a while.
async fn await_room(pool: &Pool, tried: &mut Vec<usize>, deadline: Instant) -> Result<(), NoServer> {
    let mut room = std::pin::pin!(pool.room.notified());
    // From before another look, so that no news is missed; and not before there is need, as every end of a connection
    // wakes all who are registered here.
    room.as_mut().enable();
    if pool.choose(tried).is_some() {
        return Ok(());
    }
    if Instant::now() >= deadline {
        return Err(NoServer);
    }
    let next = if tried.is_empty() { deadline } else { deadline.min(Instant::now() + ROUND) };
    tokio::select! {
        () = room => {}
        () = sleep_until(next) => tried.clear(),
    }
    Ok(())
}
