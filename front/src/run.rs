//! The proxy as a whole: started, told of a new configuration, ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use parking_lot::RwLock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::check::{self, CheckTlsError, Prober};
use crate::config::{Config, HostPort, Status};
use crate::pool::Pool;
use crate::proxy::{self, Door};
use crate::status;

/// A running front proxy.
pub struct Front {
    state: Arc<Shown>,
    running: Running,
    connections: TaskTracker,
    /// Ends connections as soon as they are idle.
    ending: CancellationToken,
}

/// What the status page looks at.
pub(crate) struct Shown {
    pub(crate) began: Instant,
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
}

/// What has to be had before anything is changed.
struct Prepared {
    probers: BTreeMap<String, Prober>,
    sockets: Vec<(String, TcpListener)>,
    status: Option<TcpListener>,
}

impl Front {
    /// Listens and checks.
    ///
    /// # Errors
    /// An address or a CA file cannot be used.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let prepared = prepare(&config, None).await?;
        let state = Arc::new(Shown { began: Instant::now(), current: RwLock::default() });
        let running = Running {
            config: config.clone(),
            listeners: BTreeMap::new(),
            checks: CancellationToken::new(),
            status: None,
        };
        let mut front = Self { state, running, connections: TaskTracker::new(), ending: CancellationToken::new() };
        front.take_up(config, prepared);
        Ok(front)
    }

    /// Takes a new configuration into use. No connection is dropped: those to servers that are gone finish first.
    ///
    /// # Errors
    /// It cannot be followed; the old one goes on.
    pub async fn reload(&mut self, config: Config) -> Result<(), StartError> {
        let prepared = prepare(&config, Some(&self.running)).await?;
        self.take_up(config, prepared);
        Ok(())
    }

    /// Takes no more connections, lets those that are there finish, and returns how many had to be cut off.
    pub async fn stop(self) -> usize {
        for listening in self.running.listeners.values() {
            listening.closed.cancel();
        }
        self.running.checks.cancel();
        self.ending.cancel();
        self.connections.close();
        let _ = tokio::time::timeout(self.running.config.shutdown_timeout, self.connections.wait()).await;
        let left = self.connections.len();
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
        let doors = self.running.listeners.values().map(|listening| Arc::clone(&listening.door)).collect();
        retire(&before, &pools);
        let admin = config.status.as_ref().is_some_and(|status| status.admin);
        *self.state.current.write() = Current { doors, pools, admin };
        self.status(config.status.as_ref(), prepared.status);
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
        mut sockets: Vec<(String, TcpListener)>,
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
            let door = |before: Option<&Door>| {
                Arc::new(Door::new(frontend.clone(), Arc::clone(pool), config.shutdown_timeout, before))
            };
            if let Some(listening) = self.running.listeners.get(&address) {
                let before = listening.door.load_full();
                listening.door.store(door(Some(&before)));
                continue;
            }
            let Some(at) = sockets.iter().position(|(bound, _)| *bound == address) else { continue };
            let (_, socket) = sockets.swap_remove(at);
            let door = Arc::new(ArcSwap::new(door(None)));
            let closed = CancellationToken::new();
            tracing::info!(frontend = frontend.name, address, "listening");
            tokio::spawn(proxy::accept(
                socket,
                Arc::clone(&door),
                closed.clone(),
                self.ending.clone(),
                self.connections.clone(),
            ));
            self.running.listeners.insert(address, Listening { door, closed });
        }
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

async fn prepare(config: &Config, running: Option<&Running>) -> Result<Prepared, StartError> {
    let mut probers = BTreeMap::new();
    for backend in &config.backends {
        let prober = Prober::new(&backend.check).map_err(|error: CheckTlsError| StartError::Check {
            backend: backend.name.clone(),
            error: error.to_string(),
        })?;
        probers.insert(backend.name.clone(), prober);
    }
    let mut sockets = Vec::new();
    for frontend in &config.frontends {
        let address = frontend.bind.to_string();
        if running.is_some_and(|running| running.listeners.contains_key(&address)) {
            continue;
        }
        let socket = bind(&frontend.bind, || format!("frontend {:?}", frontend.name)).await?;
        sockets.push((address, socket));
    }
    let same = running.and_then(|running| running.status.as_ref()).map(|(address, _)| address);
    let status = match &config.status {
        Some(status) if same != Some(&status.address) => {
            Some(bind(&status.address, || "the status page".to_owned()).await?)
        }
        _ => None,
    };
    Ok(Prepared { probers, sockets, status })
}

async fn bind(address: &HostPort, what: impl FnOnce() -> String) -> Result<TcpListener, StartError> {
    proxy::bind(address).await.map_err(|error| StartError::Bind { what: what(), address: address.to_string(), error })
}
