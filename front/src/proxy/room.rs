//! How many connections are open at once, shared by all the threads that take them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Places for connections. The limit can be changed while some are taken.
#[derive(Debug)]
pub(crate) struct Room {
    open: AtomicUsize,
    limit: AtomicUsize,
    freed: Notify,
}

/// One connection's place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Room>);

impl Room {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { open: AtomicUsize::new(0), limit: AtomicUsize::new(limit), freed: Notify::new() })
    }

    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
        self.freed.notify_waiters();
    }

    /// Connections open now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Waits until there is a place; takes none.
    pub(super) async fn free(&self) {
        loop {
            // From before the look, so that no news is missed.
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            if self.open() < self.limit.load(Ordering::Relaxed) {
                return;
            }
            freed.await;
        }
    }

    /// A place, as soon as there is one.
    pub(super) async fn take(self: &Arc<Self>) -> Place {
        loop {
            let limit = self.limit.load(Ordering::Relaxed);
            let more = |open: usize| (open < limit).then_some(open + 1);
            if self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok() {
                return Place(Arc::clone(self));
            }
            self.free().await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_waited_for() {
        let room = Room::new(1);
        let first = room.take().await;
        let waiting = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.take().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        let second = waiting.await.unwrap();
        assert_eq!(room.open(), 1);
        drop(second);
        assert_eq!(room.open(), 0);
    }

    #[tokio::test]
    async fn a_new_limit_counts_who_is_there() {
        let room = Room::new(2);
        let _two = (room.take().await, room.take().await);
        room.set_limit(1);
        let waiting = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.take().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        room.set_limit(3);
        let _third = waiting.await.unwrap();
        assert_eq!(room.open(), 3);
    }
}
