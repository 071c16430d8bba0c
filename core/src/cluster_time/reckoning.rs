//! What the calendar clocks of the voters say of the time, and what is made of it. Rules alone; nothing is asked here.

use std::time::Duration;

use super::running::TRUE_RATE;
use super::{ALARM, MARK_EVERY};
use crate::Timestamp;

/// How long the clock of a cluster of one has to say the same before it is followed.
const ALONE: Duration = Duration::from_secs(600);

/// Beyond this difference time jumps forward, or is slowed by much; within it, it is drawn near.
const NEAR: Duration = Duration::from_secs(2);

/// Within this difference time is left alone.
const SAME: Duration = Duration::from_millis(50);

/// What a new leader is ahead of its estimate, for how long the fastest mark took to reach it.
const ON_THE_WAY: Duration = Duration::from_millis(250);

/// Rates in millionths.
const FASTER: i32 = TRUE_RATE + 5_000;
const SLOWER: i32 = TRUE_RATE - 5_000;
const MUCH_SLOWER: i32 = TRUE_RATE - 100_000;

/// What is to be done with the running time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Correction {
    Rate(i32),
    Forward(Timestamp),
}

/// The clocks of the voters that answered, this node's among them.
#[derive(Clone, Debug)]
pub(super) struct Readings {
    pub(super) clocks: Vec<Timestamp>,
    /// How many voters there are.
    pub(super) voters: usize,
}

impl Readings {
    fn quorum(&self) -> usize {
        self.voters / 2 + 1
    }

    /// The latest time that the clocks of a majority of the voters have reached.
    pub(super) fn reached(&self) -> Option<Timestamp> {
        let mut clocks = self.clocks.clone();
        clocks.sort_unstable_by(|a, b| b.cmp(a));
        clocks.get(self.quorum() - 1).copied()
    }

    /// A time that the clocks of a majority have not reached.
    fn not_reached(&self, time: Timestamp) -> bool {
        self.clocks.iter().filter(|clock| **clock < time).count() >= self.quorum()
    }
}

/// The time that a new leader begins with. `mark`: the highest one stored; `estimate`: what it is at least by the marks
/// that came while this process ran, which are `live` if they came as they were written.
pub(super) fn begin(
    own: Timestamp,
    mark: Option<Timestamp>,
    estimate: Option<Timestamp>,
    live: bool,
    reached: Option<Timestamp>,
) -> Timestamp {
    let Some((mark, estimate)) = mark.zip(estimate) else { return reached.unwrap_or(own) };
    if live {
        return estimate.plus(ON_THE_WAY);
    }
    match reached {
        Some(reached) if reached >= mark => reached.max(estimate),
        // Every clock is wrong or silent. The last leader has gone on for less than an interval after its mark.
        _ => estimate.plus(MARK_EVERY),
    }
}

/// Watches a running time.
#[derive(Default)]
pub(super) struct Reckoning {
    /// Since when, on the steady clock, the one clock there is has been ahead, and by how much.
    ahead: Option<(Duration, Duration)>,
}

impl Reckoning {
    pub(super) fn correct(&mut self, time: Timestamp, readings: &Readings, steady: Duration) -> Correction {
        let Some(reached) = readings.reached() else {
            self.ahead = None;
            return Correction::Rate(TRUE_RATE);
        };
        let ahead = reached.since(time);
        if ahead > NEAR {
            return if readings.voters > 1 || self.has_stayed(ahead, steady) {
                self.ahead = None;
                Correction::Forward(reached)
            } else {
                Correction::Rate(TRUE_RATE)
            };
        }
        self.ahead = None;
        if ahead > SAME {
            return Correction::Rate(FASTER);
        }
        // The majority that has not reached it need not be the one that has.
        if readings.not_reached(time.minus(NEAR)) {
            Correction::Rate(MUCH_SLOWER)
        } else if readings.not_reached(time.minus(SAME)) {
            Correction::Rate(SLOWER)
        } else {
            Correction::Rate(TRUE_RATE)
        }
    }

    fn has_stayed(&mut self, ahead: Duration, steady: Duration) -> bool {
        match self.ahead {
            Some((since, by)) if by.abs_diff(ahead) < ALARM => steady.saturating_sub(since) >= ALONE,
            _ => {
                self.ahead = Some((steady, ahead));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOURS: i64 = 3 * 3600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn readings(voters: usize, clocks: &[i64]) -> Readings {
        Readings { clocks: clocks.iter().map(|clock| at(*clock)).collect(), voters }
    }

    fn correct(voters: usize, clocks: &[i64]) -> Correction {
        Reckoning::default().correct(at(0), &readings(voters, clocks), s(0))
    }

    #[test]
    fn one_wrong_clock_of_three_is_not_followed() {
        assert_eq!(correct(3, &[HOURS, 0, 0]), Correction::Rate(TRUE_RATE));
        assert_eq!(correct(3, &[-HOURS, 0, 0]), Correction::Rate(TRUE_RATE));
        assert_eq!(correct(3, &[HOURS, 0]), Correction::Rate(TRUE_RATE));
        assert_eq!(correct(3, &[HOURS]), Correction::Rate(TRUE_RATE));
        assert_eq!(correct(5, &[HOURS, -HOURS, 0, 0, 0]), Correction::Rate(TRUE_RATE));
    }

    #[test]
    fn what_a_majority_says_is_followed_forward_and_waited_for_backward() {
        assert_eq!(correct(3, &[HOURS, HOURS, 0]), Correction::Forward(at(HOURS)));
        assert_eq!(correct(2, &[HOURS, HOURS]), Correction::Forward(at(HOURS)));
        assert_eq!(correct(2, &[HOURS, 0]), Correction::Rate(TRUE_RATE));
        assert_eq!(correct(3, &[-HOURS, -HOURS, 0]), Correction::Rate(MUCH_SLOWER));
    }

    #[test]
    fn small_differences_are_drawn_in() {
        assert_eq!(correct(3, &[1, 1, 0]), Correction::Rate(FASTER));
        assert_eq!(correct(3, &[-1, -1, 0]), Correction::Rate(SLOWER));
    }

    #[test]
    fn a_cluster_of_one_waits_before_it_follows_its_clock() {
        let mut reckoning = Reckoning::default();
        let jumped = readings(1, &[HOURS]);
        assert_eq!(reckoning.correct(at(0), &jumped, s(0)), Correction::Rate(TRUE_RATE));
        assert_eq!(reckoning.correct(at(0), &jumped, s(590)), Correction::Rate(TRUE_RATE));
        assert_eq!(reckoning.correct(at(0), &jumped, s(600)), Correction::Forward(at(HOURS)));
        reckoning.correct(at(0), &jumped, s(1000));
        // Set back meanwhile: the wait begins anew.
        reckoning.correct(at(0), &readings(1, &[0]), s(1300));
        assert_eq!(reckoning.correct(at(0), &jumped, s(1700)), Correction::Rate(TRUE_RATE));
    }

    #[test]
    fn a_new_leader_goes_on_from_live_marks_whatever_clocks_say() {
        for reached in [None, Some(at(HOURS)), Some(at(-HOURS))] {
            let begun = begin(at(HOURS), Some(at(0)), Some(at(4)), true, reached);
            assert_eq!(begun, at(4).plus(ON_THE_WAY));
        }
    }

    #[test]
    fn after_a_restart_of_all_the_majority_tells_how_long_it_took() {
        assert_eq!(begin(at(HOURS), Some(at(0)), Some(at(2)), false, Some(at(900))), at(900));
        // Never back, whatever clocks say, and not to a moment that the last leader had behind it.
        assert_eq!(begin(at(-HOURS), Some(at(0)), Some(at(2)), false, Some(at(-HOURS))), at(12));
        assert_eq!(begin(at(HOURS), Some(at(0)), Some(at(2)), false, None), at(12));
    }

    #[test]
    fn the_first_leader_of_all_takes_the_clock() {
        assert_eq!(begin(at(7), None, None, false, None), at(7));
        assert_eq!(begin(at(7), None, None, false, Some(at(5))), at(5));
    }
}
