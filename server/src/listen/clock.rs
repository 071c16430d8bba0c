//! When a connection has been slow or idle for too long.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Limits;

/// What a connection has done so far, told by the stream and by its requests. Times are milliseconds since `start`.
pub(super) struct ConnectionClock {
    start: Instant,
    in_flight: AtomicU32,
    /// When the head of a request began to arrive, or `NONE`.
    head_began: AtomicU64,
    /// When the oldest request in work began; only meaningful while one is.
    busy_since: AtomicU64,
    /// When the last request was done with.
    idle_since: AtomicU64,
}

const NONE: u64 = u64::MAX;

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The head of a request does not arrive.
    SlowHead,
    /// An answer is not taken.
    SlowAnswer,
    /// Nothing is asked.
    Idle,
}

impl ConnectionClock {
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
            in_flight: AtomicU32::new(0),
            // A client that connects is expected to ask.
            head_began: AtomicU64::new(0),
            busy_since: AtomicU64::new(0),
            idle_since: AtomicU64::new(0),
        }
    }

    /// Bytes have arrived.
    pub(super) fn received(&self) {
        if self.in_flight.load(Relaxed) == 0 {
            let _ = self.head_began.compare_exchange(NONE, self.now(), Relaxed, Relaxed);
        }
    }

    /// The head of a request is complete.
    pub(super) fn request_began(&self) {
        self.head_began.store(NONE, Relaxed);
        if self.in_flight.fetch_add(1, Relaxed) == 0 {
            self.busy_since.store(self.now(), Relaxed);
        }
    }

    /// The answer to a request is written or given up.
    pub(super) fn request_ended(&self) {
        self.idle_since.store(self.now(), Relaxed);
        self.in_flight.fetch_sub(1, Relaxed);
    }

    /// Whether a request is in work.
    pub(super) fn is_busy(&self) -> bool {
        self.in_flight.load(Relaxed) > 0
    }

    /// Whether there was a request yet.
    pub(super) fn was_asked(&self) -> bool {
        self.head_began.load(Relaxed) != 0
    }

    /// Whether the time of one of the limits is up. With several streams at once (HTTP/2), frames arrive that belong to
    /// no head, so that only the first head is timed.
    pub(super) fn overdue(&self, limits: &Limits, streams: Streams) -> Option<Overdue> {
        let now = self.now();
        let passed = |since: u64, limit: Duration| u128::from(now.saturating_sub(since)) >= limit.as_millis();
        if self.in_flight.load(Relaxed) > 0 {
            let limit = limits.write_timeout.filter(|_| streams == Streams::One)?;
            return passed(self.busy_since.load(Relaxed), limit).then_some(Overdue::SlowAnswer);
        }
        let head_began = self.head_began.load(Relaxed);
        let head_timed = head_began != NONE && (streams == Streams::One || head_began == 0);
        if head_timed && passed(head_began, limits.read_header_timeout) {
            return Some(Overdue::SlowHead);
        }
        passed(self.idle_since.load(Relaxed), limits.idle_timeout).then_some(Overdue::Idle)
    }

    /// How often to ask [`overdue`](Self::overdue).
    pub(super) fn tick(limits: &Limits) -> Duration {
        let shortest = limits.read_header_timeout.min(limits.idle_timeout);
        let shortest = limits.write_timeout.map_or(shortest, |limit| shortest.min(limit));
        (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(5))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(NONE - 1)
    }
}

/// How many requests a connection carries at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Streams {
    /// HTTP/1.
    One,
    /// HTTP/2.
    Many,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            read_header_timeout: Duration::from_secs(10),
            write_timeout: Some(Duration::from_secs(60)),
            idle_timeout: Duration::from_secs(300),
            ..Limits::default()
        }
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_slow() {
        let clock = ConnectionClock::start();
        pass(9).await;
        assert_eq!(clock.overdue(&limits(), Streams::One), None);
        pass(1).await;
        assert_eq!(clock.overdue(&limits(), Streams::One), Some(Overdue::SlowHead));
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_it_may_idle_but_not_dawdle() {
        let clock = ConnectionClock::start();
        clock.request_began();
        clock.request_ended();
        pass(299).await;
        assert_eq!(clock.overdue(&limits(), Streams::One), None);
        clock.received();
        pass(9).await;
        // Bytes that trickle in do not begin the head anew.
        clock.received();
        pass(1).await;
        assert_eq!(clock.overdue(&limits(), Streams::One), Some(Overdue::SlowHead));
        assert_eq!(clock.overdue(&limits(), Streams::Many), Some(Overdue::Idle));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_work_is_neither_idle_nor_slow() {
        let clock = ConnectionClock::start();
        clock.request_began();
        pass(59).await;
        clock.received();
        assert_eq!(clock.overdue(&limits(), Streams::One), None);
        pass(1).await;
        assert_eq!(clock.overdue(&limits(), Streams::One), Some(Overdue::SlowAnswer));
        assert_eq!(clock.overdue(&limits(), Streams::Many), None);
        clock.request_ended();
        assert_eq!(clock.overdue(&limits(), Streams::One), None);
        pass(300).await;
        assert_eq!(clock.overdue(&limits(), Streams::One), Some(Overdue::Idle));
    }
}
