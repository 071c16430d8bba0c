//! What was recorded since somebody last looked: the interval of Vault's JSON.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Sums over the running interval. Fields are taken one by one, so that a value recorded at the very turn may be counted
/// in one and summed in the next.
#[derive(Debug)]
pub(crate) struct Window {
    count: AtomicU64,
    sum: AtomicU64,
    squares: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

/// Sums over one interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) squares: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

/// Bits of floats that are not negative order as the floats do.
const NO_MIN: u64 = f64::INFINITY.to_bits();

impl Default for Window {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self { count: zero(), sum: zero(), squares: zero(), min: AtomicU64::new(NO_MIN), max: zero() }
    }
}

impl Window {
    /// Adds a value that is not negative.
    pub(crate) fn record(&self, value: f64) {
        add(&self.sum, value);
        add(&self.squares, value * value);
        // Most values are no extremes: then the cell stays unwritten, and in the caches of all cores.
        if value.to_bits() < self.min.load(Relaxed) {
            self.min.fetch_min(value.to_bits(), Relaxed);
        }
        if value.to_bits() > self.max.load(Relaxed) {
            self.max.fetch_max(value.to_bits(), Relaxed);
        }
        self.count.fetch_add(1, Relaxed);
    }

    /// What there is so far.
    pub(crate) fn peek(&self) -> Option<Summary> {
        Summary::of(|cell, _| cell.load(Relaxed), self)
    }

    /// What there is, to begin anew.
    pub(crate) fn take(&self) -> Option<Summary> {
        Summary::of(|cell, empty| cell.swap(empty, Relaxed), self)
    }
}

impl Summary {
    fn of(read: impl Fn(&AtomicU64, u64) -> u64, window: &Window) -> Option<Self> {
        let float = |cell: &AtomicU64, empty| f64::from_bits(read(cell, empty));
        let summary = Self {
            count: read(&window.count, 0),
            sum: float(&window.sum, 0),
            squares: float(&window.squares, 0),
            min: float(&window.min, NO_MIN),
            max: float(&window.max, 0),
        };
        (summary.count > 0 && summary.min.is_finite()).then_some(summary)
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    /// Of the sample, as Vault's sink computes it.
    pub(crate) fn deviation(&self) -> f64 {
        if self.count < 2 {
            return 0.0;
        }
        let count = self.count as f64;
        let variance = (count * self.squares - self.sum * self.sum) / (count * (count - 1.0));
        variance.max(0.0).sqrt()
    }
}

fn add(cell: &AtomicU64, value: f64) {
    let mut seen = cell.load(Relaxed);
    loop {
        let sum = (f64::from_bits(seen) + value).to_bits();
        match cell.compare_exchange_weak(seen, sum, Relaxed, Relaxed) {
            Ok(_) => return,
            Err(now) => seen = now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_summed_up_and_begins_anew() {
        let window = Window::default();
        assert_eq!(window.peek(), None);
        for value in [1.0, 4.0, 7.0] {
            window.record(value);
        }
        let summary = window.take().unwrap();
        assert_eq!((summary.count, summary.sum, summary.min, summary.max), (3, 12.0, 1.0, 7.0));
        assert_eq!((summary.mean(), summary.deviation()), (4.0, 3.0));
        assert_eq!(window.take(), None);
        window.record(2.0);
        assert_eq!(window.peek().unwrap().min, 2.0);
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let window = Window::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| window.record(1.0)));
            }
        });
        let summary = window.take().unwrap();
        assert_eq!((summary.count, summary.sum), (40_000, 40_000.0));
    }
}
