//! One client's connection, from its first byte to its last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::dial::{Dialled, dial};
use super::header::header;
use super::opening::{Opened, Opening};
use super::relay::{Activity, Turn, relay};
use crate::config::SendProxy;
use crate::pool::{Pool, Standing};

/// A connection to a server that leaves is idle when the server spoke last and nothing was said for this long: the
/// client has its answer and will open another connection.
const IDLE: Duration = Duration::from_millis(500);

/// What a connection is handled by.
pub(super) struct Handling {
    pub(super) pool: Arc<Pool>,
    pub(super) idle_timeout: Option<Duration>,
    /// The process ends, and connections may finish for this long.
    pub(super) ending: CancellationToken,
    pub(super) shutdown_timeout: Duration,
}

/// Brings a client to a server and stays until one of them has enough.
pub(super) async fn run(mut client: TcpStream, from: SocketAddr, handling: Handling) {
    let pool = &*handling.pool;
    let greeting = match (pool.settings.send_proxy, client.local_addr()) {
        (SendProxy::V2, Ok(local)) => header(from, local),
        _ => Vec::new(),
    };
    let Some(Dialled { mut stream, session, .. }) = open(&client, pool, &greeting).await else { return };
    let live = session.live();
    let activity = Activity::start();
    tokio::select! {
        ended = relay(&mut client, &mut stream, &activity, live) => if let Err(error) = ended {
            tracing::trace!(%error, "connection ended");
        },
        () = overdue(&handling, live.watch(), &activity) => {}
    }
    drop(session);
    pool.room.notify_waiters();
}

/// A server that has begun to answer.
async fn open(client: &TcpStream, pool: &Pool, greeting: &[u8]) -> Option<Dialled> {
    let deadline = Instant::now() + pool.settings.queue_timeout;
    let (mut opening, mut tried) = (Opening::default(), Vec::new());
    loop {
        let mut dialled = match dial(pool, &mut tried, deadline).await {
            Ok(dialled) => dialled,
            Err(error) => {
                tracing::warn!(backend = pool.settings.name, "a client was turned away: {error}");
                return None;
            }
        };
        match opening.run(client, &mut dialled.stream, greeting).await {
            Opened::Talking => return Some(dialled),
            Opened::Ended => return None,
            Opened::Unanswered => {
                dialled.session.live().counts.unanswered.fetch_add(1, Ordering::Relaxed);
                pool.doubt.notify_waiters();
                tried.push(dialled.at);
            }
        }
    }
}

/// Returns when the connection has to be closed although both sides are there.
async fn overdue(handling: &Handling, mut standing: watch::Receiver<Standing>, activity: &Activity) {
    loop {
        let quiet_too_long = async {
            let Some(limit) = handling.idle_timeout else { return std::future::pending().await };
            loop {
                let (quiet, _) = activity.quiet();
                if quiet >= limit {
                    return;
                }
                tokio::time::sleep(limit - quiet).await;
            }
        };
        let drain = tokio::select! {
            () = quiet_too_long => return,
            () = handling.ending.cancelled() => handling.shutdown_timeout,
            left = standing.wait_for(|standing| *standing != Standing::Serving) => match left {
                Ok(_) => handling.pool.settings.drain_timeout,
                // The server's record is gone with the last reload: as removed.
                Err(_) => handling.pool.settings.drain_timeout,
            },
        };
        let came_back = async {
            // The process does not come back.
            if handling.ending.is_cancelled() || standing.wait_for(|now| *now == Standing::Serving).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = finished(activity, Instant::now() + drain) => return,
            () = came_back => {}
        }
    }
}

/// Returns once the client has its answer and asks for nothing more, or at the deadline.
async fn finished(activity: &Activity, deadline: Instant) {
    loop {
        let (quiet, turn) = activity.quiet();
        if turn == Turn::Client && quiet >= IDLE {
            return;
        }
        let next = Instant::now() + if quiet < IDLE { IDLE - quiet } else { IDLE };
        sleep_until(next.min(deadline)).await;
        if Instant::now() >= deadline {
            return;
        }
    }
}
