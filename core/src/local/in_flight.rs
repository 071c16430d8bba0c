//! Requests that are being answered, for `sys/in-flight-req`: a bounded number of slots, each taken and given back under a
//! lock that hardly anybody else wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;

use crate::{Request, Timestamp};

const SHARDS: usize = 16;

/// Requests shown at most are this many times the shards; more are counted and not shown.
const SLOTS: usize = 256;

/// The requests in hand.
pub struct InFlight {
    shards: [Mutex<Shard>; SHARDS],
    next: AtomicUsize,
    running: AtomicUsize,
}

#[derive(Default)]
struct Shard {
    slots: Vec<Option<Running>>,
    free: Vec<usize>,
}

/// A request in hand.
#[derive(Clone)]
pub struct Running {
    /// The request; it is not kept longer than it runs.
    pub request: Arc<Request>,
    /// HTTP's method.
    pub method: &'static str,
    /// When its head had come.
    pub started: Timestamp,
}

/// Stands for a request as long as it runs.
#[must_use]
pub struct Ticket<'a> {
    of: &'a InFlight,
    slot: Option<(usize, usize)>,
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            next: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
        }
    }
}

impl InFlight {
    /// Shows a request until the ticket is dropped.
    pub fn begin(&self, running: Running) -> Ticket<'_> {
        self.running.fetch_add(1, Relaxed);
        let shard = self.next.fetch_add(1, Relaxed) % SHARDS;
        let slot = self.shards[shard].lock().put(running).map(|slot| (shard, slot));
        Ticket { of: self, slot }
    }

    /// How many run.
    pub fn count(&self) -> usize {
        self.running.load(Relaxed)
    }

    /// Those that run, as far as there was room for them.
    pub fn all(&self) -> Vec<Running> {
        self.shards.iter().flat_map(|shard| shard.lock().slots.iter().flatten().cloned().collect::<Vec<_>>()).collect()
    }
}

impl Shard {
    fn put(&mut self, running: Running) -> Option<usize> {
        if let Some(slot) = self.free.pop() {
            self.slots[slot] = Some(running);
            return Some(slot);
        }
        if self.slots.len() == SLOTS {
            return None;
        }
        self.slots.push(Some(running));
        Some(self.slots.len() - 1)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some((shard, slot)) = self.slot {
            let mut shard = self.of.shards[shard].lock();
            shard.slots[slot] = None;
            shard.free.push(slot);
        }
        self.of.running.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;

    fn running(path: &str) -> Running {
        let request = Request::new(Operation::Read, path);
        Running { request: Arc::new(request), method: "GET", started: Timestamp::ZERO }
    }

    #[test]
    fn a_request_is_shown_as_long_as_it_runs() {
        let in_flight = InFlight::default();
        let first = in_flight.begin(running("kv/a"));
        let second = in_flight.begin(running("kv/b"));
        drop(first);
        let shown: Vec<_> = in_flight.all().iter().map(|running| running.request.path.clone()).collect();
        assert_eq!((shown, in_flight.count()), (vec!["kv/b".to_owned()], 1));
        drop(second);
        assert!(in_flight.all().is_empty());
    }

    #[test]
    fn more_than_there_is_room_for_are_counted() {
        let in_flight = InFlight::default();
        let tickets: Vec<_> = (0..SHARDS * SLOTS + 5).map(|_| in_flight.begin(running("kv/a"))).collect();
        assert_eq!((in_flight.all().len(), in_flight.count()), (SHARDS * SLOTS, SHARDS * SLOTS + 5));
        drop(tickets);
        assert_eq!((in_flight.all().len(), in_flight.count()), (0, 0));
        let _ticket = in_flight.begin(running("kv/b"));
        assert_eq!(in_flight.all().len(), 1);
    }
}
