//! How long a request waits for a node that serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use coffer_core::lifecycle::Node;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Forwarding;

/// From when nobody serves: far longer than an election takes, also with long links.
const ELECTION: Duration = Duration::from_secs(10);
/// Later requests wait this long: an election that can't be won would else fill the node with them.
const AFTERWARDS: Duration = Duration::from_millis(500);
/// Between two looks where nothing tells of a change.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Since when no request could be served, if so.
pub(super) struct Trouble {
    epoch: Instant,
    /// Milliseconds since `epoch`, plus one; 0: no trouble.
    since: AtomicU64,
}

impl Default for Trouble {
    fn default() -> Self {
        Self { epoch: Instant::now(), since: AtomicU64::new(0) }
    }
}

impl Trouble {
    pub(super) fn is_over(&self) {
        if self.since.load(Relaxed) != 0 {
            self.since.store(0, Relaxed);
        }
    }

    /// Until when a request waits that meets it now.
    fn deadline(&self) -> Instant {
        let now = Instant::now();
        let passed = u64::try_from((now - self.epoch).as_millis()).unwrap_or(u64::MAX - 1) + 1;
        let since = match self.since.compare_exchange(0, passed, Relaxed, Relaxed) {
            Ok(_) => passed,
            Err(earlier) => earlier,
        };
        let began = self.epoch + Duration::from_millis(since - 1);
        (began + ELECTION).max(now + AFTERWARDS)
    }
}

/// The waiting of one request.
pub(super) struct Patience {
    deadline: Instant,
    pause: Duration,
    leader: watch::Receiver<u64>,
    phase: watch::Receiver<u64>,
}

impl Patience {
    pub(super) fn begin(forwarding: &Forwarding, node: &Arc<Node>) -> Self {
        Self {
            deadline: forwarding.trouble.deadline(),
            pause: FIRST_PAUSE,
            leader: forwarding.watch_leader(),
            phase: node.watch_phase(),
        }
    }

    /// Returns when it may be worth trying again; false: enough.
    pub(super) async fn wait(&mut self) -> bool {
        if Instant::now() >= self.deadline {
            return false;
        }
        let pause = tokio::time::sleep(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        tokio::select! {
            () = pause => {}
            Ok(()) = self.leader.changed() => {}
            Ok(()) = self.phase.changed() => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_comes_late_waits_short() {
        let trouble = Trouble::default();
        tokio::time::advance(Duration::from_secs(5)).await;
        let now = Instant::now();
        assert_eq!(trouble.deadline() - now, ELECTION);
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(trouble.deadline() - now, ELECTION);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(trouble.deadline() - Instant::now(), AFTERWARDS);
        trouble.is_over();
        assert_eq!(trouble.deadline() - Instant::now(), ELECTION);
    }
}
