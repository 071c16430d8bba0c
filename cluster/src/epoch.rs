//! Which build of the Raft core something belongs to.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

/// Held by all that a core writes through: a core that was replaced must not write any more.
#[derive(Clone, Debug)]
pub(crate) struct Epoch {
    current: Arc<AtomicU64>,
    own: u64,
    /// Dropped with the last holder.
    _alive: mpsc::Sender<Infallible>,
}

/// Tells when a core has let go of the stores.
#[derive(Debug)]
pub(crate) struct Gone(mpsc::Receiver<Infallible>);

impl Gone {
    pub(crate) async fn wait(mut self) {
        while self.0.recv().await.is_some() {}
    }
}

impl Epoch {
    pub(crate) fn first() -> (Self, Gone) {
        Self::with(Arc::default(), 0)
    }

    /// Ends this one and all before it.
    pub(crate) fn into_next(self) -> (Self, Gone) {
        let own = self.current.fetch_add(1, Ordering::SeqCst) + 1;
        Self::with(self.current, own)
    }

    /// An error in a core that was replaced.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.current.load(Ordering::SeqCst) == self.own {
            Ok(())
        } else {
            Err(io::Error::other("this Raft core was replaced"))
        }
    }

    fn with(current: Arc<AtomicU64>, own: u64) -> (Self, Gone) {
        let (alive, gone) = mpsc::channel(1);
        (Self { current, own, _alive: alive }, Gone(gone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_epoch_ends_the_old_one() {
        let (first, gone) = Epoch::first();
        let held_by_a_core = first.clone();
        assert!(held_by_a_core.check().is_ok());
        let (second, _) = first.into_next();
        assert!(held_by_a_core.check().is_err());
        assert!(second.check().is_ok());
        drop(held_by_a_core);
        gone.wait().await;
    }
}
