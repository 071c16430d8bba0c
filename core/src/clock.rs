//! Where the pipeline takes the time from, so that tests can set it.

use std::time::Duration;

use crate::Timestamp;

/// A source of time.
pub trait Clock: Send + Sync {
    /// The present moment by the calendar. May jump either way: somebody sets the machine's clock.
    fn now(&self) -> Timestamp;

    /// Time since some moment of its own; never jumps, and goes on while the machine sleeps.
    fn steady(&self) -> Duration {
        self.now().since(Timestamp::UNIX_EPOCH)
    }
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> Duration {
        let since_boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(since_boot).unwrap_or_default()
    }
}
