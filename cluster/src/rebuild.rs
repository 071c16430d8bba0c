//! How often a Raft core that died may be built anew.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Rebuilds within [`WINDOW`].
pub(crate) const MAX_REBUILDS: usize = 3;
const WINDOW: Duration = Duration::from_secs(3600);

/// The rebuilds of the last hour.
#[derive(Debug, Default)]
pub(crate) struct RebuildBudget {
    taken: VecDeque<Instant>,
}

impl RebuildBudget {
    /// False when it is used up.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        while self.taken.front().is_some_and(|taken| now.duration_since(*taken) >= WINDOW) {
            self.taken.pop_front();
        }
        let has_room = self.taken.len() < MAX_REBUILDS;
        if has_room {
            self.taken.push_back(now);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_an_hour() {
        let mut budget = RebuildBudget::default();
        let start = Instant::now();
        let minutes = |count: u64| start + Duration::from_secs(60 * count);
        assert!([0, 10, 20].into_iter().all(|count| budget.take(minutes(count))));
        assert!(!budget.take(minutes(59)));
        assert!(budget.take(minutes(60)));
        assert!(!budget.take(minutes(61)));
    }
}
