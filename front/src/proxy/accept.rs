//! Frontends: taking connections while there is room.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpSocket, lookup_host};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::session::{self, Handling};
use crate::config::{Frontend, HostPort};
use crate::pool::Pool;

/// Connections that wait in the system's queue.
const BACKLOG: u32 = 4096;
/// When the process has no more file descriptors, the next try is after this.
const NO_FILES: Duration = Duration::from_millis(50);

/// A frontend at work: what a reload exchanges while the socket stays open.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) settings: Frontend,
    pub(crate) pool: Arc<Pool>,
    pub(crate) room: Arc<Semaphore>,
    pub(crate) shutdown_timeout: Duration,
    /// Connections taken so far; lives through reloads.
    pub(crate) taken: Arc<AtomicU64>,
}

impl Door {
    /// Connections open now.
    pub(crate) fn open(&self) -> usize {
        self.limit().saturating_sub(self.room.available_permits())
    }

    fn limit(&self) -> usize {
        self.settings.max_connections.min(Semaphore::MAX_PERMITS)
    }

    pub(crate) fn new(settings: Frontend, pool: Arc<Pool>, shutdown_timeout: Duration, before: Option<&Door>) -> Self {
        let taken = before.map(|before| Arc::clone(&before.taken)).unwrap_or_default();
        let same = before.filter(|before| before.settings.max_connections == settings.max_connections);
        let room = match same {
            Some(before) => Arc::clone(&before.room),
            None => Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS))),
        };
        Self { settings, pool, room, shutdown_timeout, taken }
    }
}

/// Opens the socket of a frontend.
pub(crate) async fn bind(address: &HostPort) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for address in lookup_host(address.lookup()).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Takes connections until `closed`; those that were taken go on until they end, or `ending`.
pub(crate) async fn accept(
    listener: TcpListener,
    door: Arc<ArcSwap<Door>>,
    closed: CancellationToken,
    ending: CancellationToken,
    connections: TaskTracker,
) {
    loop {
        let room = Arc::clone(&door.load().room);
        let (permit, taken) = tokio::select! {
            () = closed.cancelled() => return,
            taken = async {
                // The semaphore is never closed.
                let permit = room.acquire_owned().await.ok();
                (permit, listener.accept().await)
            } => taken,
        };
        let (client, from) = match taken {
            Ok(taken) => taken,
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                if matches!(error.raw_os_error(), Some(code) if is_out_of_files(code)) {
                    tracing::warn!("no more files can be opened: raise the limit of open files (ulimit -n)");
                    tokio::time::sleep(NO_FILES).await;
                }
                continue;
            }
        };
        let current = door.load_full();
        current.taken.fetch_add(1, Ordering::Relaxed);
        let handling = Handling {
            pool: Arc::clone(&current.pool),
            idle_timeout: current.settings.idle_timeout,
            ending: ending.clone(),
            shutdown_timeout: current.shutdown_timeout,
        };
        connections.spawn(async move {
            // A client that is gone already is told by the first read.
            let _ = client.set_nodelay(true);
            session::run(client, from, handling).await;
            drop(permit);
        });
    }
}

fn is_out_of_files(code: i32) -> bool {
    let code = rustix::io::Errno::from_raw_os_error(code);
    code == rustix::io::Errno::MFILE || code == rustix::io::Errno::NFILE
}
