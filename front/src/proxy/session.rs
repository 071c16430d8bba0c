//! One client's connection, from its first byte to its last.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::bytes::has_spoken;
use super::dial::{Dialled, dial};
use super::header::header;
use super::opening::{Meanwhile, Opened, Opening};
use super::relay::{Activity, Turn, relay};
use super::side::beside;
use super::silence::Silence;
use crate::config::SendProxy;
use crate::pool::{Pool, Standing};

/// A connection to a server that leaves is idle when the server spoke last and nothing was said for this long: the
/// client has its answer and will open another connection.
const IDLE: Duration = Duration::from_millis(500);
/// The same for clients that hardly pause, once this part of the time is used up: better cut between two requests than
/// within one at the end.
const SHORTER: [(f64, Duration); 2] = [(0.5, Duration::from_millis(25)), (0.9, Duration::from_millis(2))];
/// Between two looks at least.
const LOOK: Duration = Duration::from_millis(5);
/// The process ends by its own time-out.
const NO_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// What a connection is handled by.
pub(super) struct Handling {
    pub(super) pool: Arc<Pool>,
    pub(super) idle_timeout: Option<Duration>,
    /// The process ends: connections are closed as soon as they are idle.
    pub(super) ending: CancellationToken,
}

/// Brings a client to a server and stays until one of them has enough.
pub(super) async fn run(client: TcpStream, handling: Handling) {
    let Some(Open { dialled: Dialled { stream, session, .. }, first, sent }) = open(&client, &handling).await else {
        return;
    };
    let live = session.live();
    let activity = Activity::start();
    let silence = Silence::new(&stream, sent);
    let relayed = relay(&client, &stream, first, &activity, &silence, live);
    let ended = beside(relayed, overdue(&handling, live.watch(), &activity, &client));
    if let Some(Err(error)) = ended.await {
        tracing::trace!(%error, "connection ended");
        // How a machine that fell silent is told, by its own silence or by the last router's word.
        use io::ErrorKind::{HostUnreachable, NetworkUnreachable, TimedOut};
        if matches!(error.kind(), TimedOut | HostUnreachable | NetworkUnreachable) {
            handling.pool.doubt.notify_waiters();
        }
    }
    drop(session);
    handling.pool.room.notify_waiters();
}

/// A server that has begun to answer.
struct Open {
    dialled: Dialled,
    /// Its first bytes.
    first: Vec<u8>,
    /// How many it was sent before.
    sent: usize,
}

async fn open(client: &TcpStream, handling: &Handling) -> Option<Open> {
    let pool = &*handling.pool;
    let greeting = greeting(client, pool);
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
        let live = Arc::clone(dialled.session.live());
        let meanwhile =
            Meanwhile { standing: live.watch(), ending: &handling.ending, idle_timeout: handling.idle_timeout };
        match opening.run(client, &mut dialled.stream, &greeting, meanwhile).await {
            Opened::Talking(first) => {
                live.counts.to_server.fetch_add(opening.len() as u64, Ordering::Relaxed);
                return Some(Open { dialled, first, sent: opening.len() });
            }
            Opened::Ended => return None,
            Opened::Left => {}
            Opened::Unanswered => {
                live.counts.unanswered.fetch_add(1, Ordering::Relaxed);
                pool.doubt.notify_waiters();
            }
        }
        tried.push(dialled.at);
    }
}

/// What a server is told before all else.
fn greeting(client: &TcpStream, pool: &Pool) -> Vec<u8> {
    match pool.settings.send_proxy {
        SendProxy::No => Vec::new(),
        SendProxy::V2 => match (client.peer_addr(), client.local_addr()) {
            (Ok(from), Ok(to)) => header(from, to),
            // The client is gone.
            _ => Vec::new(),
        },
    }
}

/// Returns when the connection has to be closed although both sides are there.
async fn overdue(
    handling: &Handling,
    mut standing: watch::Receiver<Standing>,
    activity: &Activity,
    client: &TcpStream,
) {
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
            () = handling.ending.cancelled() => NO_LIMIT,
            // An error: the server's record is gone with the last reload, as removed.
            _ = standing.wait_for(|standing| *standing != Standing::Serving) => handling.pool.settings.drain_timeout,
        };
        let came_back = async {
            // The process does not come back.
            if handling.ending.is_cancelled() || standing.wait_for(|now| *now == Standing::Serving).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = finished(activity, client, drain) => return,
            () = came_back => {}
            // Whatever it waited for: the process has less time.
            () = handling.ending.cancelled(), if !handling.ending.is_cancelled() => {}
        }
    }
}

/// Returns once the client has its answer and asks for nothing more, or after this long.
async fn finished(activity: &Activity, client: &TcpStream, limit: Duration) {
    let began = Instant::now();
    loop {
        let used = began.elapsed();
        let pause = pause(used, limit);
        let (quiet, turn) = activity.quiet();
        // A request that has arrived meanwhile is no pause, though this thread comes to it only after this look.
        let is_idle = || turn == Turn::Client && quiet >= pause && !has_spoken(client);
        if used >= limit || is_idle() {
            return;
        }
        let next = Instant::now() + pause.saturating_sub(quiet).max(LOOK);
        sleep_until(next.min(began + limit)).await;
    }
}

/// How long a connection is quiet that is idle, when so much of its time is used up.
fn pause(used: Duration, limit: Duration) -> Duration {
    let late = SHORTER.iter().rev().find(|(part, _)| used >= limit.mul_f64(*part));
    late.map_or(IDLE, |(_, pause)| *pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_less_time_is_left_the_shorter_a_pause_will_do() {
        let after = |seconds| pause(Duration::from_secs(seconds), Duration::from_secs(30)).as_millis();
        assert_eq!([after(0), after(14), after(15), after(26), after(27), after(40)], [500, 500, 25, 25, 2, 2]);
        assert_eq!(pause(Duration::from_secs(60), NO_LIMIT), IDLE);
    }
}
