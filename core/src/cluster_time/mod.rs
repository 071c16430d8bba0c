//! The time by which the cluster counts: one for all nodes, never going back, and not at the mercy of the clock of
//! whichever node leads.
//!
//! - The active node takes the time once, when it begins to serve, and from then on counts by the machine's steady clock:
//!   setting its calendar clock changes nothing.
//! - Every ten seconds it has the time replicated (the mark). Each node counts on from the marks by its own steady clock,
//!   so that the next leader goes on where the last one was, without asking any calendar.
//! - Time goes forward by a jump only as far as the calendar clocks of a majority of the voters have gone. A cluster of one
//!   waits ten minutes before it follows its own.
//! - Time never goes back. Where a majority's clocks are behind it, it runs a tenth slower until they have caught up.

mod mark;
mod marks;
mod reckoning;
mod running;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

pub(crate) use mark::MARK_PATH;
use marks::Marks;
use reckoning::Reckoning;
use running::Running;
pub(crate) use worker::{keep, watch_skew};

use crate::Timestamp;
use crate::clock::Clock;

/// From one mark to the next.
const MARK_EVERY: Duration = Duration::from_secs(10);

/// A clock that differs by more than this is told of.
const ALARM: Duration = Duration::from_secs(5);

/// The cluster's time, as this node knows it.
pub struct ClusterTime {
    machine: Arc<dyn Clock>,
    /// While and after this node leads.
    running: Mutex<Option<Running>>,
    marks: Mutex<Marks>,
    reckoning: Mutex<Reckoning>,
}

impl ClusterTime {
    pub(crate) fn new(machine: Arc<dyn Clock>) -> Self {
        Self { machine, running: Mutex::default(), marks: Mutex::default(), reckoning: Mutex::default() }
    }

    /// How far this machine's calendar clock is ahead of the cluster's time; negative: behind. `None` where this node does
    /// not hear of the time just now.
    pub fn skew_seconds(&self) -> Option<f64> {
        let steady = self.machine.steady();
        let leads = self.running.lock().as_ref().is_some_and(|running| running.leads);
        if !leads && !self.marks.lock().are_live(steady) {
            return None;
        }
        let time = self.known()?;
        let nanos = self.machine.now().unix_nanos() - time.unix_nanos();
        // Far below what a float can't tell apart.
        Some(nanos as f64 / 1e9)
    }

    /// The time, where it is known of the cluster and not of this machine's calendar alone.
    fn known(&self) -> Option<Timestamp> {
        let steady = self.machine.steady();
        let running = self.running.lock().as_ref().map(|running| running.at(steady));
        running.max(self.marks.lock().estimate(steady))
    }
}

impl Clock for ClusterTime {
    fn now(&self) -> Timestamp {
        let running = *self.running.lock();
        match running {
            Some(running) if running.leads => running.at(self.machine.steady()),
            _ => self.known().unwrap_or_else(|| self.machine.now()),
        }
    }

    fn steady(&self) -> Duration {
        self.machine.steady()
    }
}
