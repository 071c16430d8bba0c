//! Whether this node leads, and whether all that was acknowledged before is applied here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::watch;

/// This node's leadership; not a leader at first.
#[derive(Debug)]
pub(crate) struct Leadership {
    state: watch::Sender<Option<Lead>>,
    is_ready: AtomicBool,
}

/// A term led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lead {
    pub(crate) term: u64,
    pub(crate) since: Instant,
    /// The term's first entry is applied, and so is everything before it.
    pub(crate) is_ready: bool,
}

impl Default for Leadership {
    fn default() -> Self {
        Self { state: watch::Sender::new(None), is_ready: AtomicBool::new(false) }
    }
}

impl Leadership {
    pub(crate) fn get(&self) -> Option<Lead> {
        *self.state.borrow()
    }

    /// One load.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::SeqCst)
    }

    /// True when this is news.
    pub(crate) fn elected(&self, term: u64) -> bool {
        self.state.send_if_modified(|state| {
            let is_news = state.is_none_or(|lead| lead.term != term);
            if is_news {
                self.is_ready.store(false, Ordering::SeqCst);
                *state = Some(Lead { term, since: Instant::now(), is_ready: false });
            }
            is_news
        })
    }

    /// True when the term still is the one led.
    pub(crate) fn ready(&self, term: u64) -> bool {
        self.state.send_if_modified(|state| match state {
            Some(lead) if lead.term == term => {
                lead.is_ready = true;
                self.is_ready.store(true, Ordering::SeqCst);
                true
            }
            _ => false,
        })
    }

    pub(crate) fn lost(&self) {
        self.state.send_if_modified(|state| {
            self.is_ready.store(false, Ordering::SeqCst);
            state.take().is_some()
        });
    }

    /// Returns once this node leads and is ready, or does not lead.
    pub(crate) async fn settled(&self) {
        // As below.
        let _ = self.state.subscribe().wait_for(|state| state.is_none_or(|lead| lead.is_ready)).await;
    }

    /// Returns once this node leads and is ready.
    pub(crate) async fn wait_ready(&self) {
        // The sender is in `self`, so this cannot fail.
        let _ = self.state.subscribe().wait_for(|state| state.is_some_and(|lead| lead.is_ready)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_belongs_to_its_term() {
        let leadership = Leadership::default();
        assert!(!leadership.ready(1));
        assert!(leadership.elected(1));
        assert!(!leadership.elected(1));
        assert!(!leadership.is_ready());
        assert!(leadership.ready(1));
        assert!(leadership.is_ready());
        assert!(leadership.elected(3));
        assert!(!leadership.is_ready());
        assert!(!leadership.ready(1));
        leadership.lost();
        assert_eq!(leadership.get(), None);
    }
}
