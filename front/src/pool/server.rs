//! One server behind the proxy: whether it takes connections, and what went through it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::addresses::Addresses;
use super::health::Health;
use crate::config::Server;

/// A server as the configuration has it, and its life, which outlasts a reload.
#[derive(Debug)]
pub(crate) struct PoolServer {
    pub(crate) settings: Server,
    pub(crate) live: Arc<Live>,
    addresses: Addresses,
}

/// Whether a server takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Serving,
    /// Set to drain, by the configuration or by hand.
    Draining,
    /// Its checks fail.
    Down,
    /// It stands in the configuration no more.
    Removed,
}

/// What a check found.
#[derive(Clone, Debug)]
pub(crate) struct CheckOutcome {
    /// Why it failed; `None`: it was good.
    pub(crate) failure: Option<String>,
    /// Whether this is the active node, where the check can tell.
    pub(crate) is_active: Option<bool>,
    pub(crate) took: Duration,
}

/// What is known of a server, shared by all who deal with it.
#[derive(Debug)]
pub(crate) struct Live {
    state: Mutex<State>,
    standing: watch::Sender<Standing>,
    is_active: AtomicBool,
    sessions: AtomicUsize,
    pub(crate) counts: Counts,
}

#[derive(Debug)]
struct State {
    health: Health,
    drained_by_configuration: bool,
    drained_by_hand: bool,
    is_removed: bool,
    last_check: Option<(CheckOutcome, Instant)>,
    changed: Instant,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) sessions: AtomicU64,
    pub(crate) connect_failures: AtomicU64,
    /// Closed without an answer, and the client was passed on to another.
    pub(crate) unanswered: AtomicU64,
    pub(crate) checks: AtomicU64,
    pub(crate) failed_checks: AtomicU64,
    pub(crate) downs: AtomicU64,
    pub(crate) to_server: AtomicU64,
    pub(crate) to_client: AtomicU64,
}

/// What the status page shows of a server.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) standing: Standing,
    pub(crate) health: Health,
    pub(crate) is_active: bool,
    pub(crate) sessions: usize,
    pub(crate) last_check: Option<(CheckOutcome, Instant)>,
    pub(crate) since: Instant,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                health: Health::Unknown,
                drained_by_configuration: false,
                drained_by_hand: false,
                is_removed: false,
                last_check: None,
                changed: Instant::now(),
            }),
            standing: watch::Sender::new(Standing::Serving),
            is_active: AtomicBool::new(false),
            sessions: AtomicUsize::new(0),
            counts: Counts::default(),
        }
    }
}

impl PoolServer {
    /// A server of the configuration; `live` from before a reload, if it was there.
    pub(crate) fn new(settings: Server, live: Option<Arc<Live>>) -> Self {
        let live = live.unwrap_or_default();
        live.change(|state| {
            state.drained_by_configuration = settings.drain;
            state.is_removed = false;
            if settings.check.is_none() {
                state.health = Health::Unknown;
            }
        });
        Self { settings, live, addresses: Addresses::default() }
    }

    /// A connection to it.
    pub(crate) async fn connect(&self) -> io::Result<TcpStream> {
        self.addresses.connect(&self.settings.address).await
    }

    /// Whether one more connection may go to it.
    pub(crate) fn has_room(&self) -> bool {
        self.live.standing() == Standing::Serving && self.live.sessions() < self.settings.max_connections
    }
}

impl Live {
    pub(crate) fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Tells of every change.
    pub(crate) fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    pub(crate) fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    /// Whether the last check found the active node here.
    pub(crate) fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Relaxed)
    }

    /// Takes in what a check found; true when the server went up or down by it.
    pub(crate) fn checked(&self, outcome: CheckOutcome, timing: crate::config::CheckTiming) -> bool {
        let passed = outcome.failure.is_none();
        self.counts.checks.fetch_add(1, Ordering::Relaxed);
        self.counts.failed_checks.fetch_add(u64::from(!passed), Ordering::Relaxed);
        self.is_active.store(passed && outcome.is_active == Some(true), Ordering::Relaxed);
        let mut turned = false;
        self.change(|state| {
            let next = state.health.after(passed, timing);
            turned = next.is_up() != state.health.is_up();
            state.health = next;
            state.last_check = Some((outcome, Instant::now()));
        });
        if turned && !passed {
            self.counts.downs.fetch_add(1, Ordering::Relaxed);
        }
        turned
    }

    /// Sets it to drain, or back, until the process ends.
    pub(crate) fn set_drain(&self, drain: bool) {
        self.change(|state| state.drained_by_hand = drain);
    }

    /// The configuration does not name it any more.
    pub(crate) fn removed(&self) {
        self.change(|state| state.is_removed = true);
    }

    pub(crate) fn show(&self) -> Shown {
        let state = self.state.lock();
        Shown {
            standing: self.standing(),
            health: state.health,
            is_active: self.is_active(),
            sessions: self.sessions(),
            last_check: state.last_check.clone(),
            since: state.changed,
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        change(&mut state);
        let standing = if state.is_removed {
            Standing::Removed
        } else if state.drained_by_configuration || state.drained_by_hand {
            Standing::Draining
        } else if state.health.is_up() {
            Standing::Serving
        } else {
            Standing::Down
        };
        let is_news = self.standing.send_if_modified(|current| std::mem::replace(current, standing) != standing);
        if is_news {
            state.changed = Instant::now();
        }
    }
}

/// A connection that counts as one of a server's while it lives.
#[derive(Debug)]
pub(crate) struct Session {
    live: Arc<Live>,
}

impl Session {
    pub(crate) fn begin(live: &Arc<Live>) -> Self {
        live.sessions.fetch_add(1, Ordering::Relaxed);
        Self { live: Arc::clone(live) }
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.live
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.live.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}
