//! What records: times and counts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prometheus::{Histogram, HistogramOpts, IntCounter, Opts};

use crate::name::Name;
use crate::window::Window;

/// Upper bounds in milliseconds: from a read in memory to a request that waits for a lost node.
const BUCKETS: &[f64] =
    &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0, 5000.0, 30_000.0];

/// How long something takes, in milliseconds, and how often it happens.
#[derive(Debug)]
pub struct Timing {
    pub(crate) name: Name,
    pub(crate) histogram: Histogram,
    pub(crate) window: Window,
}

/// Something that takes its time just now.
#[must_use]
pub struct Timer {
    timing: Arc<Timing>,
    begun: Instant,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.timing.since(self.begun);
    }
}

/// How often something happens.
#[derive(Debug)]
pub struct Count {
    pub(crate) name: Name,
    pub(crate) counter: IntCounter,
    pub(crate) window: Window,
}

impl Timing {
    /// Names and buckets are constants of this crate; `None` for a name that Prometheus has no place for.
    pub(crate) fn new(name: Name, help: &str) -> Option<Self> {
        let options = HistogramOpts { common_opts: options(&name, help), buckets: BUCKETS.to_vec() };
        Some(Self { histogram: Histogram::with_opts(options).ok()?, name, window: Window::default() })
    }

    /// Records one.
    pub fn record(&self, took: Duration) {
        let millis = took.as_secs_f64() * 1e3;
        self.histogram.observe(millis);
        self.window.record(millis);
    }

    /// Records one that began at `begun` and ends now.
    pub fn since(&self, begun: Instant) {
        self.record(begun.elapsed());
    }

    /// Records one that begins now and ends when the timer is dropped.
    pub fn timer(self: &Arc<Self>) -> Timer {
        Timer { timing: Arc::clone(self), begun: Instant::now() }
    }

    /// How many were recorded since the process started.
    pub fn count(&self) -> u64 {
        self.histogram.get_sample_count()
    }
}

impl Count {
    pub(crate) fn new(name: Name, help: &str) -> Option<Self> {
        let counter = IntCounter::with_opts(options(&name, help)).ok()?;
        Some(Self { counter, name, window: Window::default() })
    }

    /// Counts one.
    pub fn one(&self) {
        self.add(1);
    }

    /// Counts several that come together; none is no event.
    pub fn add(&self, number: u64) {
        if number > 0 {
            self.counter.inc_by(number);
            self.window.record(number as f64);
        }
    }

    /// How many since the process started.
    pub fn total(&self) -> u64 {
        self.counter.get()
    }
}

fn options(name: &Name, help: &str) -> Opts {
    let labels: HashMap<String, String> =
        name.labels.iter().map(|(label, value)| ((*label).to_owned(), value.clone())).collect();
    Opts::new(name.prometheus(), help).const_labels(labels)
}
