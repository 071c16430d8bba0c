//! Time counted by the steady clock from an anchor.

use std::time::Duration;

use crate::Timestamp;

/// Parts of a second per second, in millionths, by which time runs when it is as it should be.
pub(super) const TRUE_RATE: i32 = 1_000_000;

/// The time of a leader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    anchor: Timestamp,
    steady: Duration,
    rate: i32,
    /// Whether this node leads still; afterwards it is only the latest time it went by.
    pub(super) leads: bool,
}

impl Running {
    pub(super) fn from(anchor: Timestamp, steady: Duration) -> Self {
        Self { anchor, steady, rate: TRUE_RATE, leads: true }
    }

    pub(super) fn at(&self, steady: Duration) -> Timestamp {
        let passed = steady.saturating_sub(self.steady);
        if self.rate == TRUE_RATE {
            return self.anchor.plus(passed);
        }
        self.anchor.plus(passed.mul_f64(f64::from(self.rate) / f64::from(TRUE_RATE)))
    }

    /// Goes on from here at another rate.
    pub(super) fn set_rate(&mut self, rate: i32, steady: Duration) {
        *self = Self { anchor: self.at(steady), steady, rate, leads: self.leads };
    }

    /// Jumps forward; never back.
    pub(super) fn forward(&mut self, to: Timestamp, steady: Duration) {
        *self = Self { anchor: self.at(steady).max(to), steady, rate: TRUE_RATE, leads: self.leads };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_runs_at_its_rate_and_keeps_what_it_has() {
        let mut time = Running::from(START, s(50));
        assert_eq!(time.at(s(60)), START.plus(s(10)));
        time.set_rate(900_000, s(60));
        assert_eq!(time.at(s(60)), START.plus(s(10)));
        assert_eq!(time.at(s(160)).unix(), 100);
        time.set_rate(TRUE_RATE, s(160));
        assert_eq!(time.at(s(170)).unix(), 110);
    }

    #[test]
    fn it_never_goes_back() {
        let mut time = Running::from(START.plus(s(100)), s(0));
        time.forward(START, s(1));
        assert_eq!(time.at(s(1)), START.plus(s(101)));
        time.forward(START.plus(s(1000)), s(1));
        assert_eq!(time.at(s(2)), START.plus(s(1001)));
        assert_eq!(time.at(s(0)), START.plus(s(1000)));
    }
}
