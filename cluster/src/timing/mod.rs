//! How fast the cluster beats: one timing for all members, kept in Raft, followed by each.
//!
//! openraft fixes its timing when a core is built, so a change builds the core anew in the process. A leader's new core
//! goes on leading in the same term.

mod choice;
mod config;
mod follow;
mod record;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use coffer_storage::Stores;
use parking_lot::Mutex;
use tokio::sync::watch;

pub(crate) use config::{Pace, config};
pub(crate) use follow::run;
use record::{KEY, TimingRecord};

/// The intervals between heartbeats that are used, in milliseconds.
const STEPS: [u64; 8] = [60, 100, 150, 250, 400, 600, 1000, 1500];

/// One of the timings that a cluster can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timing {
    heartbeat: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { heartbeat: STEPS[0] }
    }
}

impl Timing {
    /// The shortest one of at least this interval, in milliseconds; the longest there is for more.
    pub(crate) fn of_at_least(heartbeat: u64) -> Self {
        let step = STEPS.into_iter().find(|step| *step >= heartbeat);
        Self { heartbeat: step.unwrap_or(STEPS[STEPS.len() - 1]) }
    }

    /// As `performance_multiplier` has it: so many times the shortest.
    pub(crate) fn multiplied(multiplier: u32) -> Self {
        let most = STEPS[STEPS.len() - 1];
        Self { heartbeat: u64::from(multiplier.max(1)).saturating_mul(STEPS[0]).min(most) }
    }

    /// Milliseconds between heartbeats.
    pub(crate) fn heartbeat(self) -> u64 {
        self.heartbeat
    }

    /// Milliseconds without a leader after its lease until a member stands for election: at least.
    pub(crate) fn election_min(self) -> u64 {
        self.heartbeat * 3
    }

    /// And less than this; also how long a leader's lease holds.
    pub(crate) fn election_max(self) -> u64 {
        self.heartbeat * 4
    }
}

/// As this node's state has it; before it has caught up that may be an older one.
pub(crate) fn recorded(stores: &Stores) -> Option<Timing> {
    let found = stores.state.get(KEY).ok().flatten()?;
    TimingRecord::decode(&found.value).map(|record| record.timing)
}

/// The timing that this node's core runs with, and the one that it should.
#[derive(Debug)]
pub(crate) struct NodeTiming {
    in_force: AtomicU64,
    core_built: Mutex<Instant>,
    wanted: watch::Sender<Timing>,
}

impl NodeTiming {
    pub(crate) fn new(timing: Timing) -> Self {
        Self {
            in_force: AtomicU64::new(timing.heartbeat),
            core_built: Mutex::new(Instant::now()),
            wanted: watch::Sender::new(timing),
        }
    }

    pub(crate) fn in_force(&self) -> Timing {
        Timing { heartbeat: self.in_force.load(Ordering::Relaxed) }
    }

    /// The next core is built with it, and soon.
    pub(crate) fn want(&self, timing: Timing) {
        self.wanted.send_if_modified(|wanted| std::mem::replace(wanted, timing) != timing);
    }

    pub(crate) fn wanted(&self) -> Timing {
        *self.wanted.borrow()
    }

    /// A core was built.
    pub(crate) fn took_force(&self, timing: Timing) {
        self.in_force.store(timing.heartbeat, Ordering::Relaxed);
        *self.core_built.lock() = Instant::now();
    }

    pub(crate) fn core_age(&self) -> Duration {
        self.core_built.lock().elapsed()
    }

    /// Returns once another timing is wanted than the one in force.
    pub(crate) async fn change_wanted(&self) {
        // The sender is in `self`, so this cannot fail.
        let _ = self.wanted.subscribe().wait_for(|wanted| *wanted != self.in_force()).await;
    }
}
