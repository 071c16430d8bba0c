//! Where the phase is kept, and who is woken when it changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use super::phase::Phase;

/// The phase now.
pub(super) struct PhaseCell {
    now: ArcSwap<Phase>,
    /// Counts changes; the value itself means nothing.
    changes: watch::Sender<u64>,
    /// Sealed by an operator's command, until it holds keys again.
    by_command: AtomicBool,
}

impl PhaseCell {
    pub(super) fn new(phase: Phase) -> Self {
        Self { now: ArcSwap::from_pointee(phase), changes: watch::Sender::new(0), by_command: AtomicBool::new(false) }
    }

    pub(super) fn load(&self) -> Guard<Arc<Phase>> {
        self.now.load()
    }

    pub(super) fn load_full(&self) -> Arc<Phase> {
        self.now.load_full()
    }

    pub(super) fn store(&self, phase: Arc<Phase>) {
        if phase.holds_keys() {
            self.by_command.store(false, Ordering::SeqCst);
        }
        self.now.store(phase);
        self.changed();
    }

    pub(super) fn rcu(&self, next: impl FnMut(&Arc<Phase>) -> Arc<Phase>) {
        self.now.rcu(next);
        self.changed();
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn seal_is_by_command(&self) {
        self.by_command.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_sealed_by_command(&self) -> bool {
        self.by_command.load(Ordering::SeqCst) && !self.load().holds_keys()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_wakes_those_who_wait() {
        let cell = PhaseCell::new(Phase::Uninitialized);
        let mut watch = cell.watch();
        cell.store(Arc::new(Phase::Sealed));
        watch.changed().await.unwrap();
        assert!(matches!(&**cell.load(), Phase::Sealed));
        cell.rcu(|_| Arc::new(Phase::Removed));
        watch.changed().await.unwrap();
        assert!(matches!(&*cell.load_full(), Phase::Removed));
    }
}
