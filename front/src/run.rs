//! The proxy as a whole: started, told of a new configuration, ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use parking_lot::RwLock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::capacity;
use crate::check::{self, CheckTlsError, Prober};
use crate::config::{Config, Frontend, HostPort, Status};
use crate::pool::Pool;
use crate::proxy::{self, Door, House, Room};
use crate::status;
use crate::workers::Workers;

/// A running front proxy.
pub struct Front {
    state: Arc<Shown>,
    running: Running,
    house: House,
    workers: Workers,
}

/// What the status page looks at.
pub(crate) struct Shown {
    pub(crate) began: Instant,
    /// Connections of all frontends together, and how many there may be.
    pub(crate) room: Arc<Room>,
    pub(crate) capacity: usize,
    current: RwLock<Current>,
}

/// What a reload exchanges.
#[derive(Default)]
pub(crate) struct Current {
    pub(crate) doors: Vec<Arc<ArcSwap<Door>>>,
    pub(crate) pools: BTreeMap<String, Arc<Pool>>,
    /// Whether the status page may set servers to drain.
    pub(crate) admin: bool,
}

struct Running {
    config: Config,
    /// By the address that they bind.
    listeners: BTreeMap<String, Listening>,
    checks: CancellationToken,
    status: Option<(HostPort, CancellationToken)>,
}

struct Listening {
    door: Arc<ArcSwap<Door>>,
    closed: CancellationToken,
}

/// A configuration that could not be taken into use; what ran before still runs.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is not to be had.
    #[error("{what} cannot listen at {address}: {error}")]
    Bind {
        /// Which frontend, or the status page.
        what: String,
        /// Where.
        address: String,
        /// Why.
        error: std::io::Error,
    },
    /// How a backend is to be checked.
    #[error("backend {backend:?}: {error}")]
    Check {
        /// Which.
        backend: String,
        /// Why.
        error: String,
    },
    /// The system gives no threads.
    #[error("the threads cannot be started: {0}")]
    Threads(std::io::Error),
}

/// What has to be had before anything is changed.
struct Prepared {
    probers: BTreeMap<String, Prober>,
    /// By address, for each thread one.
    sockets: BTreeMap<String, Vec<TcpListener>>,
    status: Option<TcpListener>,
}

impl Front {
    /// Listens and checks. The limit of open files is raised as far as it goes.
    ///
    /// # Errors
    /// An address or a CA file cannot be used.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let workers = Workers::start().map_err(StartError::Threads)?;
        let prepared = prepare(&config, None, &workers).await?;
        let capacity = capacity::of_open_files();
        let room = Room::new(capacity);
        let state =
            Arc::new(Shown { began: Instant::now(), room: Arc::clone(&room), capacity, current: RwLock::default() });
        let running = Running {
            config: config.clone(),
            listeners: BTreeMap::new(),
            checks: CancellationToken::new(),
            status: None,
        };
        let house = House { room, ending: CancellationToken::new(), connections: TaskTracker::new() };
        let mut front = Self { state, running, house, workers };
        front.take_up(config, prepared);
        Ok(front)
    }

    /// Takes a new configuration into use. No connection is dropped: those to servers that are gone finish first.
    ///
    /// # Errors
    /// It cannot be followed; the old one goes on.
    pub async fn reload(&mut self, config: Config) -> Result<(), StartError> {
        let prepared = prepare(&config, Some(&self.running), &self.workers).await?;
        self.take_up(config, prepared);
        Ok(())
    }

    /// Takes no more connections, lets those that are there finish, and returns how many had to be cut off.
    pub async fn stop(self) -> usize {
        for listening in self.running.listeners.values() {
            listening.closed.cancel();
        }
        self.running.checks.cancel();
        self.house.ending.cancel();
        let connections = self.house.connections;
        connections.close();
        let _ = tokio::time::timeout(self.running.config.shutdown_timeout, connections.wait()).await;
        let left = connections.len();
        if let Some((_, closed)) = &self.running.status {
            closed.cancel();
        }
        left
    }

    /// From here on nothing can fail.
    fn take_up(&mut self, config: Config, prepared: Prepared) {
        let before = std::mem::take(&mut *self.state.current.write());
        self.running.checks.cancel();
        self.running.checks = CancellationToken::new();
        let pools = self.pools(&config, &before, prepared.probers);
        self.listeners(&config, &pools, prepared.sockets);
        let listeners = config.frontends.iter().filter_map(|one| self.running.listeners.get(&one.bind.to_string()));
        let doors = listeners.map(|listening| Arc::clone(&listening.door)).collect();
        retire(&before, &pools);
        let admin = config.status.as_ref().is_some_and(|status| status.admin);
        *self.state.current.write() = Current { doors, pools, admin };
        self.status(config.status.as_ref(), prepared.status);
        self.tell_capacity(&config);
        self.running.config = config;
    }

    fn pools(
        &self,
        config: &Config,
        before: &Current,
        mut probers: BTreeMap<String, Prober>,
    ) -> BTreeMap<String, Arc<Pool>> {
        let mut pools = BTreeMap::new();
        for backend in &config.backends {
            let pool = Arc::new(Pool::new(backend.clone(), before.pools.get(&backend.name).map(Arc::as_ref)));
            if let Some(prober) = probers.remove(&backend.name) {
                for at in 0..pool.servers.len() {
                    tokio::spawn(check::watch(Arc::clone(&pool), at, prober.clone(), self.running.checks.clone()));
                }
            }
            pools.insert(backend.name.clone(), pool);
        }
        pools
    }

    fn listeners(
        &mut self,
        config: &Config,
        pools: &BTreeMap<String, Arc<Pool>>,
        mut sockets: BTreeMap<String, Vec<TcpListener>>,
    ) {
        let wanted: BTreeSet<_> = config.frontends.iter().map(|frontend| frontend.bind.to_string()).collect();
        self.running.listeners.retain(|address, listening| {
            let stays = wanted.contains(address);
            if !stays {
                listening.closed.cancel();
            }
            stays
        });
        for frontend in &config.frontends {
            let address = frontend.bind.to_string();
            // Every frontend's backend is there: the configuration was read so.
            let Some(pool) = pools.get(&frontend.backend) else { continue };
            let door = |before: Option<&Door>| Arc::new(Door::new(frontend.clone(), Arc::clone(pool), before));
            if let Some(listening) = self.running.listeners.get(&address) {
                let before = listening.door.load_full();
                listening.door.store(door(Some(&before)));
            } else if let Some(sockets) = sockets.remove(&address) {
                let listening = self.open(frontend, sockets, door(None));
                self.running.listeners.insert(address, listening);
            }
        }
    }

    fn open(&self, frontend: &Frontend, sockets: Vec<TcpListener>, door: Arc<Door>) -> Listening {
        let door = Arc::new(ArcSwap::new(door));
        let closed = CancellationToken::new();
        tracing::info!(frontend = frontend.name, address = frontend.bind.to_string(), "listening");
        for (socket, worker) in sockets.into_iter().zip(self.workers.handles()) {
            worker.spawn(proxy::accept(socket, Arc::clone(&door), self.house.clone(), closed.clone()));
        }
        Listening { door, closed }
    }

    fn status(&mut self, wanted: Option<&Status>, socket: Option<TcpListener>) {
        if self.running.status.as_ref().map(|(address, _)| address) == wanted.map(|status| &status.address) {
            return;
        }
        if let Some((_, closed)) = self.running.status.take() {
            closed.cancel();
        }
        if let (Some(status), Some(socket)) = (wanted, socket) {
            let closed = CancellationToken::new();
            tracing::info!(address = status.address.to_string(), "status page");
            tokio::spawn(status::serve(socket, Arc::clone(&self.state), closed.clone()));
            self.running.status = Some((status.address.clone(), closed));
        }
    }

    fn tell_capacity(&self, config: &Config) {
        let wanted = config.frontends.iter().fold(0_usize, |sum, one| sum.saturating_add(one.max_connections));
        if wanted > self.state.capacity {
            let most = self.state.capacity;
            tracing::info!(most, wanted, "the limit of open files (ulimit -n) bounds the connections of all frontends");
        }
    }
}

impl Shown {
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Current) -> T) -> T {
        look(&self.current.read())
    }
}

/// Servers that the new configuration does not have take no more, and what is connected to them finishes.
fn retire(before: &Current, pools: &BTreeMap<String, Arc<Pool>>) {
    let stays = |live: &Arc<crate::pool::Live>| {
        pools.values().flat_map(|pool| &pool.servers).any(|server| Arc::ptr_eq(&server.live, live))
    };
    for server in before.pools.values().flat_map(|pool| &pool.servers) {
        if !stays(&server.live) {
            server.live.removed();
        }
    }
}

async fn prepare(config: &Config, running: Option<&Running>, workers: &Workers) -> Result<Prepared, StartError> {
    let mut probers = BTreeMap::new();
    for backend in &config.backends {
        let prober = Prober::new(&backend.check).map_err(|error: CheckTlsError| StartError::Check {
            backend: backend.name.clone(),
            error: error.to_string(),
        })?;
        probers.insert(backend.name.clone(), prober);
    }
    let mut sockets = BTreeMap::new();
    for frontend in &config.frontends {
        let address = frontend.bind.to_string();
        if running.is_some_and(|running| running.listeners.contains_key(&address)) {
            continue;
        }
        let what = || format!("frontend {:?}", frontend.name);
        let mut listeners = Vec::new();
        for (socket, worker) in
            bind(&frontend.bind, workers.handles().len(), what).await?.into_iter().zip(workers.handles())
        {
            let _its_runtime = worker.enter();
            listeners.push(TcpListener::from_std(socket).map_err(|error| refused(&frontend.bind, what(), error))?);
        }
        sockets.insert(address, listeners);
    }
    let same = running.and_then(|running| running.status.as_ref()).map(|(address, _)| address);
    let status = match &config.status {
        Some(status) if same != Some(&status.address) => {
            let what = || "the status page".to_owned();
            let socket = bind(&status.address, 1, what).await?.pop();
            let socket = socket.map(TcpListener::from_std).transpose();
            socket.map_err(|error| refused(&status.address, what(), error))?
        }
        _ => None,
    };
    Ok(Prepared { probers, sockets, status })
}

async fn bind(
    address: &HostPort,
    count: usize,
    what: impl FnOnce() -> String,
) -> Result<Vec<std::net::TcpListener>, StartError> {
    proxy::bind(address, count).await.map_err(|error| refused(address, what(), error))
}

fn refused(address: &HostPort, what: String, error: std::io::Error) -> StartError {
    StartError::Bind { what, address: address.to_string(), error }
}
