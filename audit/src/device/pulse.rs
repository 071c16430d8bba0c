//! Whether a device's thread gets anywhere.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Set by the thread of a device, read by those who wait for it.
pub(crate) struct Pulse {
    base: Instant,
    /// 0: idle. Else one more than the milliseconds from `base` to the last progress.
    last: AtomicU64,
    /// Nobody waits for the device any more: not worth waiting until it is ready.
    given_up: AtomicBool,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self { base: Instant::now(), last: AtomicU64::new(0), given_up: AtomicBool::new(false) }
    }

    /// A system call that could hang is about to be made, or has come back.
    pub(super) fn beat(&self) {
        let millis = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.last.store(millis + 1, Ordering::Relaxed);
    }

    pub(super) fn rest(&self) {
        self.last.store(0, Ordering::Relaxed);
    }

    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// When the thread last got anywhere; `None` while it has nothing to do.
    pub(super) fn busy_since(&self) -> Option<Instant> {
        let last = self.last.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.base + Duration::from_millis(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_from_beat_to_rest() {
        let pulse = Pulse::new();
        assert!(pulse.busy_since().is_none());
        pulse.beat();
        assert!(pulse.busy_since().is_some_and(|since| since <= Instant::now()));
        pulse.rest();
        assert!(pulse.busy_since().is_none());
    }
}
