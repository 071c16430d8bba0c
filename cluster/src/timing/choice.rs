//! Which timing the cluster should have, from what is measured.

use std::time::{Duration, Instant};

use super::Timing;

/// What is measured only sometimes lasts this long before the timing follows it upwards.
const RAISE_AFTER: Duration = Duration::from_secs(20);
/// And downwards.
const LOWER_AFTER: Duration = Duration::from_secs(120);

/// Downwards from more than any load asks for.
const TAKE_BACK_AFTER: Duration = Duration::from_secs(20);

/// Most that load may add to an answer's time, to the eyes of the timing.
const MOST_NOISE: Duration = Duration::from_millis(50);

/// The slowest of all members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    /// The shortest round trip to the farthest member: what no quiet moment shortens.
    pub(crate) distance: Duration,
    /// What 95 of 100 round trips do not exceed.
    pub(crate) round_trip: Duration,
    /// What 95 of 100 syncs of a log do not exceed.
    pub(crate) sync: Duration,
}

impl Measured {
    /// A leader could not hold its lease with less.
    pub(crate) fn least(self) -> Timing {
        with_margin(self.distance)
    }

    fn fitting(self) -> Timing {
        with_margin(self.distance.saturating_add(self.noise()))
    }

    /// What load adds. A late answer now and then costs nothing, and a slow timing costs at every failure.
    fn noise(self) -> Duration {
        self.round_trip.saturating_add(self.sync).saturating_sub(self.distance).min(MOST_NOISE)
    }

    /// No load asks for more.
    fn most(self) -> Timing {
        with_margin(self.distance.saturating_add(MOST_NOISE + MOST_NOISE / 3))
    }

    /// As [`Measured::fitting`], with room so that a step down is not taken back at once.
    fn fitting_with_room(self) -> Timing {
        let slowest = self.distance.saturating_add(self.noise());
        with_margin(slowest.saturating_add(slowest / 3)).max(self.least())
    }
}

/// A heartbeat's answer has to come well before the next heartbeat.
fn with_margin(answer: Duration) -> Timing {
    let answer = u64::try_from(answer.as_micros()).unwrap_or(u64::MAX);
    Timing::of_at_least(answer.saturating_mul(3).div_ceil(2000))
}

/// Whether members at this distance can be led with this timing.
pub(crate) fn suits(timing: Timing, distance: Duration) -> bool {
    timing >= with_margin(distance)
}

/// Decides with hysteresis: up at once where the distance demands it, up and down after a while where it is load.
#[derive(Debug, Default)]
pub(crate) struct Chooser {
    too_short_since: Option<Instant>,
    too_long_since: Option<Instant>,
}

impl Chooser {
    /// The timing to change to, if any.
    pub(crate) fn choose(&mut self, now: Instant, current: Timing, measured: Measured) -> Option<Timing> {
        if current < measured.least() {
            *self = Self::default();
            return Some(measured.least());
        }
        let too_short = current < measured.fitting();
        let too_long = current > measured.fitting_with_room();
        if lasts(&mut self.too_short_since, too_short, now, RAISE_AFTER) {
            *self = Self::default();
            return Some(measured.fitting());
        }
        let patience = if current > measured.most() { TAKE_BACK_AFTER } else { LOWER_AFTER };
        if lasts(&mut self.too_long_since, too_long, now, patience) {
            *self = Self::default();
            return Some(measured.fitting_with_room());
        }
        None
    }
}

fn lasts(since: &mut Option<Instant>, is_so: bool, now: Instant, long: Duration) -> bool {
    if !is_so {
        *since = None;
        return false;
    }
    now.saturating_duration_since(*since.get_or_insert(now)) >= long
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn measured(distance: u64, round_trip: u64, sync: u64) -> Measured {
        Measured {
            distance: Duration::from_millis(distance),
            round_trip: Duration::from_millis(round_trip),
            sync: Duration::from_millis(sync),
        }
    }

    fn secs(start: Instant, secs: u64) -> Instant {
        start + Duration::from_secs(secs)
    }

    #[test]
    fn three_nodes_in_one_place_beat_fast_and_far_ones_slower_at_once() {
        let (mut chooser, start) = (Chooser::default(), Instant::now());
        assert_eq!(chooser.choose(start, Timing::default(), measured(0, 2, 5)), None);
        let far = chooser.choose(start, Timing::default(), measured(80, 84, 6)).unwrap();
        assert_eq!((far.heartbeat(), far.election_min(), far.election_max()), (150, 450, 600));
        assert_eq!(chooser.choose(start, far, measured(80, 84, 6)), None);
    }

    #[test]
    fn load_raises_it_after_a_while_and_quiet_lowers_it_after_a_longer_one() {
        let (mut chooser, start) = (Chooser::default(), Instant::now());
        let busy = measured(0, 30, 30);
        assert_eq!(chooser.choose(start, Timing::default(), busy), None);
        assert_eq!(chooser.choose(secs(start, 10), Timing::default(), measured(0, 1, 1)), None);
        assert_eq!(chooser.choose(secs(start, 11), Timing::default(), busy), None);
        assert_eq!(chooser.choose(secs(start, 30), Timing::default(), busy), None);
        let raised = chooser.choose(secs(start, 31), Timing::default(), busy).unwrap();
        assert_eq!(raised.heartbeat(), 100);
        let quiet = measured(0, 1, 1);
        assert_eq!(chooser.choose(secs(start, 40), raised, quiet), None);
        assert_eq!(chooser.choose(secs(start, 159), raised, quiet), None);
        assert_eq!(chooser.choose(secs(start, 160), raised, quiet), Some(Timing::default()));
    }

    #[test]
    fn what_a_standstill_passed_off_as_distance_is_taken_back_soon() {
        let (mut chooser, start) = (Chooser::default(), Instant::now());
        let slow = chooser.choose(start, Timing::default(), measured(600, 800, 300)).unwrap();
        assert_eq!(slow.heartbeat(), 1000);
        let busy = measured(1, 90, 30);
        assert_eq!(chooser.choose(secs(start, 1), slow, busy), None);
        let after = chooser.choose(secs(start, 21), slow, busy).unwrap();
        assert!(after.heartbeat() <= 150, "{after:?}");
    }

    proptest! {
        #[test]
        fn what_was_chosen_stays_chosen_while_nothing_changes(
            distance in 0u64..2000, more in 0u64..300, sync in 0u64..200, first in 0u64..2000
        ) {
            let (mut chooser, start) = (Chooser::default(), Instant::now());
            let measured = measured(distance, distance + more, sync);
            let mut timing = Timing::of_at_least(first);
            let mut changes = 0;
            for second in 0..1000 {
                if let Some(next) = chooser.choose(secs(start, second), timing, measured) {
                    prop_assert_ne!(next, timing);
                    timing = next;
                    changes += 1;
                }
            }
            // Once for the distance, once for the load.
            prop_assert!(changes <= 2, "{} changes", changes);
            prop_assert!(timing >= measured.least());
        }
    }
}
