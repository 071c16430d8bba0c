//! How long the last group commits took.

use std::time::Duration;

const KEPT: usize = 128;

/// The last of them, in a ring.
#[derive(Debug, Default)]
pub(super) struct SyncTimes {
    taken: Vec<Duration>,
    next: usize,
}

impl SyncTimes {
    pub(super) fn add(&mut self, took: Duration) {
        match self.taken.get_mut(self.next) {
            Some(oldest) => *oldest = took,
            None => self.taken.push(took),
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// 95 of 100 took no longer.
    pub(super) fn typical_most(&self) -> Duration {
        let mut sorted = self.taken.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * 95).div_ceil(100).saturating_sub(1);
        sorted.get(at).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_slow_ones_do_not_count_and_old_ones_are_forgotten() {
        let mut times = SyncTimes::default();
        assert_eq!(times.typical_most(), Duration::ZERO);
        for number in 0..KEPT {
            times.add(Duration::from_millis(if number % 32 == 0 { 900 } else { 3 }));
        }
        assert_eq!(times.typical_most(), Duration::from_millis(3));
        for _ in 0..KEPT {
            times.add(Duration::from_millis(40));
        }
        assert_eq!(times.typical_most(), Duration::from_millis(40));
    }
}
