//! What a node makes of the marks it sees applied: a time that is at least as late as that of the leader who wrote them,
//! but for how long the fastest of them took to get here.

use std::collections::VecDeque;
use std::time::Duration;

use super::MARK_EVERY;
use crate::Timestamp;

/// Marks looked at. The best of them is the one that was fastest here; older ones know nothing of a time that was slowed.
const KEPT: usize = 8;

/// By how much the distance of two marks may differ from the time between their arrivals, if both came when written.
const JITTER: Duration = Duration::from_secs(1);

/// The last marks.
#[derive(Default)]
pub(super) struct Marks(VecDeque<Seen>);

#[derive(Clone, Copy)]
struct Seen {
    time: Timestamp,
    /// This machine's steady clock at its arrival.
    steady: Duration,
}

impl Marks {
    pub(super) fn saw(&mut self, time: Timestamp, steady: Duration) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Seen { time, steady });
    }

    /// The highest of them.
    pub(super) fn highest(&self) -> Option<Timestamp> {
        self.0.iter().map(|seen| seen.time).max()
    }

    /// What time it is at least.
    pub(super) fn estimate(&self, steady: Duration) -> Option<Timestamp> {
        self.0.iter().map(|seen| seen.time.plus(steady.saturating_sub(seen.steady))).max()
    }

    /// Whether they come as they are written, rather than long after, from the log of a node that was away. Then the
    /// estimate is good.
    pub(super) fn are_live(&self, steady: Duration) -> bool {
        let mut last = self.0.iter().rev();
        let (Some(last), Some(before)) = (last.next(), last.next()) else { return false };
        let (written, arrived) = (last.time.since(before.time), last.steady.saturating_sub(before.steady));
        !written.is_zero() && written.abs_diff(arrived) < JITTER && steady.saturating_sub(last.steady) < MARK_EVERY * 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_fastest_mark_counts() {
        let mut marks = Marks::default();
        assert_eq!(marks.estimate(s(5)), None);
        marks.saw(at(0), s(100));
        marks.saw(at(10), s(114));
        assert_eq!(marks.estimate(s(120)), Some(at(20)));
        assert_eq!(marks.highest(), Some(at(10)));
    }

    #[test]
    fn a_log_read_at_once_is_not_live() {
        let mut marks = Marks::default();
        for number in 0..5 {
            marks.saw(at(number * 10), s(100));
        }
        assert!(!marks.are_live(s(100)));
        marks.saw(at(3600), s(101));
        assert!(!marks.are_live(s(101)));
        marks.saw(at(3610), s(111));
        assert!(marks.are_live(s(112)));
        assert!(!marks.are_live(s(300)));
    }

    #[test]
    fn marks_before_a_slowing_are_forgotten() {
        let mut marks = Marks::default();
        for number in 0..20 {
            // The leader's time runs a tenth slower.
            marks.saw(at(number * 9), s(1000 + number.unsigned_abs() * 10));
        }
        assert_eq!(marks.estimate(s(1190)), Some(at(12 * 9 + 70)));
    }
}
