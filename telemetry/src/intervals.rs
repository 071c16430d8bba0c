//! The interval that the JSON form tells of.

use std::time::{Duration, Instant, SystemTime};

use crate::instrument::{Count, Timing};
use crate::name::Name;
use crate::window::{Summary, Window};

/// An interval is at least this long, as Vault's are.
const LENGTH: Duration = Duration::from_secs(10);

/// The running interval and the last whole one. Nothing turns them but being looked at: an interval that nobody asked for
/// lasts until somebody does, so nothing recorded is lost to those who look seldom.
#[derive(Debug)]
pub(crate) struct Intervals {
    begun: Instant,
    begun_at: SystemTime,
    last: Option<Interval>,
}

/// What was recorded in one interval.
#[derive(Clone, Debug)]
pub(crate) struct Interval {
    pub(crate) begun_at: SystemTime,
    pub(crate) length: Duration,
    pub(crate) counts: Vec<(Name, Summary)>,
    pub(crate) timings: Vec<(Name, Summary)>,
}

impl Intervals {
    pub(crate) fn begin() -> Self {
        Self { begun: Instant::now(), begun_at: SystemTime::now(), last: None }
    }

    /// The last whole interval; the running one while there is none.
    pub(crate) fn look<'a>(
        &mut self,
        counts: impl Iterator<Item = &'a Count>,
        timings: impl Iterator<Item = &'a Timing>,
    ) -> Interval {
        let length = self.begun.elapsed();
        let whole = length >= LENGTH;
        if let (false, Some(last)) = (whole, &self.last) {
            return last.clone();
        }
        let look = |window: &Window| if whole { window.take() } else { window.peek() };
        let interval = Interval {
            begun_at: self.begun_at,
            length,
            counts: sorted(counts.filter_map(|count| Some((count.name.clone(), look(&count.window)?)))),
            timings: sorted(timings.filter_map(|timing| Some((timing.name.clone(), look(&timing.window)?)))),
        };
        if whole {
            *self = Self { last: Some(interval.clone()), ..Self::begin() };
        }
        interval
    }
}

fn sorted(summaries: impl Iterator<Item = (Name, Summary)>) -> Vec<(Name, Summary)> {
    let mut all: Vec<_> = summaries.collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}
