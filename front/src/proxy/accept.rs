//! Frontends: taking connections while there is room.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::room::Room;
use super::session::{self, Handling};
use crate::config::Frontend;
use crate::pool::Pool;

/// When the process has no more file descriptors, the next try is after this.
const NO_FILES: Duration = Duration::from_millis(50);

/// A frontend at work: what a reload exchanges while the socket stays open.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) settings: Frontend,
    pub(crate) pool: Arc<Pool>,
    /// Lives through reloads, as what follows does.
    pub(crate) room: Arc<Room>,
    /// Connections taken so far.
    pub(crate) taken: Arc<AtomicU64>,
}

impl Door {
    pub(crate) fn new(settings: Frontend, pool: Arc<Pool>, before: Option<&Door>) -> Self {
        let limit = settings.max_connections;
        let (room, taken) = match before {
            Some(before) => (Arc::clone(&before.room), Arc::clone(&before.taken)),
            None => (Room::new(limit), Arc::default()),
        };
        room.set_limit(limit);
        Self { settings, pool, room, taken }
    }
}

/// What all frontends share.
#[derive(Clone, Debug)]
pub(crate) struct House {
    /// Connections of the whole process.
    pub(crate) room: Arc<Room>,
    /// Ends connections as soon as they are idle.
    pub(crate) ending: CancellationToken,
    pub(crate) connections: TaskTracker,
}

/// Takes connections until `closed`; those that were taken go on until they end, or the process does.
pub(crate) async fn accept(listener: TcpListener, door: Arc<ArcSwap<Door>>, house: House, closed: CancellationToken) {
    let taking = async {
        loop {
            house.room.free().await;
            let room = Arc::clone(&door.load().room);
            room.free().await;
            match listener.accept().await {
                Ok((client, _)) => {
                    // Another thread may have had the last place.
                    let places = (room.take().await, house.room.take().await);
                    bring(client, &door.load_full(), &house, places);
                }
                Err(error) => refused(&error).await,
            }
        }
    };
    tokio::select! {
        () = closed.cancelled() => {}
        () = taking => {}
    }
}

fn bring<P: Send + 'static>(client: TcpStream, door: &Door, house: &House, places: P) {
    door.taken.fetch_add(1, Ordering::Relaxed);
    let handling = Handling {
        pool: Arc::clone(&door.pool),
        idle_timeout: door.settings.idle_timeout,
        ending: house.ending.clone(),
    };
    house.connections.spawn(async move {
        // A client that is gone already is told by the first read.
        let _ = client.set_nodelay(true);
        session::run(client, handling).await;
        drop(places);
    });
}

async fn refused(error: &io::Error) {
    tracing::debug!(%error, "a connection could not be taken");
    if matches!(error.raw_os_error(), Some(code) if is_out_of_files(code)) {
        tracing::warn!("no more files can be opened: raise the limit of open files (ulimit -n)");
        tokio::time::sleep(NO_FILES).await;
    }
}

fn is_out_of_files(code: i32) -> bool {
    let code = rustix::io::Errno::from_raw_os_error(code);
    code == rustix::io::Errno::MFILE || code == rustix::io::Errno::NFILE
}
