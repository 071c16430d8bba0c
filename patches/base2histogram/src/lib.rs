//! Counts of values by powers of two: what openraft uses of the crate `base2histogram`, without its tables.
//!
//! Nothing here decides anything; openraft records the sizes of its batches, and shows them with a feature that this
//! product does not build.

use std::fmt;
use std::marker::PhantomData;

/// One for zero, one for each power of two.
const BUCKETS: usize = 65;

/// How often values of each magnitude were recorded.
pub struct Histogram<T = ()> {
    counts: [u64; BUCKETS],
    /// Of the original's slots, which openraft does not use.
    _slots: PhantomData<fn() -> T>,
}

impl<T> Histogram<T> {
    /// An empty one.
    pub fn new() -> Self {
        Self { counts: [0; BUCKETS], _slots: PhantomData }
    }

    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts a value several times.
    pub fn record_n(&mut self, value: u64, count: u64) {
        if let Some(bucket) = self.counts.get_mut(bucket(value)) {
            *bucket = bucket.saturating_add(count);
        }
    }

    /// How many were recorded.
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// A bound that this share (0 to 1) of the values does not exceed; less than twice the least such. 0 for none.
    pub fn percentile(&self, share: f64) -> u64 {
        let total = self.total();
        // Precise enough: counts are far below 2^52.
        let wanted = ((total as f64 * share.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0u64;
        for (index, count) in self.counts.iter().enumerate() {
            seen = seen.saturating_add(*count);
            if seen >= wanted {
                return most(index);
            }
        }
        0
    }

    /// The usual shares.
    pub fn percentile_stats(&self) -> PercentileStats {
        PercentileStats {
            samples: self.total(),
            p0_1: self.percentile(0.001),
            p1: self.percentile(0.01),
            p5: self.percentile(0.05),
            p10: self.percentile(0.1),
            p50: self.percentile(0.5),
            p90: self.percentile(0.9),
            p99: self.percentile(0.99),
            p99_9: self.percentile(0.999),
        }
    }
}

fn bucket(value: u64) -> usize {
    (u64::BITS - value.leading_zeros()) as usize
}

/// The largest value of a bucket.
fn most(bucket: usize) -> u64 {
    match bucket {
        0 => 0,
        64.. => u64::MAX,
        _ => (1 << bucket) - 1,
    }
}

impl<T> Default for Histogram<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Histogram<T> {
    fn clone(&self) -> Self {
        Self { counts: self.counts, _slots: PhantomData }
    }
}

impl<T> fmt::Debug for Histogram<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.percentile_stats(), f)
    }
}

impl<T> PartialEq for Histogram<T> {
    fn eq(&self, other: &Self) -> bool {
        self.counts == other.counts
    }
}

impl<T> Eq for Histogram<T> {}

/// Bounds that shares of the values do not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PercentileStats {
    /// How many values.
    pub samples: u64,
    /// One in a thousand.
    pub p0_1: u64,
    /// One in a hundred.
    pub p1: u64,
    /// One in twenty.
    pub p5: u64,
    /// One in ten.
    pub p10: u64,
    /// The median.
    pub p50: u64,
    /// Nine in ten.
    pub p90: u64,
    /// 99 in a hundred.
    pub p99: u64,
    /// 999 in a thousand.
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, p50, p90, p99, p99_9, .. } = self;
        write!(f, "[samples: {samples}, P50: {p50}, P90: {p90}, P99: {p99}, P99.9: {p99_9}]")
    }
}

/// Several histograms, shown as a line each.
pub struct AsciiChart<T = ()> {
    rows: Vec<(String, Histogram<T>)>,
}

impl<T> AsciiChart<T> {
    /// Without rows.
    pub fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// With one more row.
    #[must_use]
    pub fn add(mut self, name: &str, histogram: Histogram<T>) -> Self {
        self.rows.push((name.to_owned(), histogram));
        self
    }
}

impl<T> Default for AsciiChart<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for AsciiChart<T> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone() }
    }
}

impl<T> fmt::Debug for AsciiChart<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> fmt::Display for AsciiChart<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.iter().try_for_each(|(name, histogram)| writeln!(f, "{name}: {}", histogram.percentile_stats()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_bound_less_than_twice_too_large() {
        let mut histogram = Histogram::<()>::new();
        assert_eq!((histogram.total(), histogram.percentile(0.5)), (0, 0));
        for value in 0..1000 {
            histogram.record(value);
        }
        histogram.record_n(u64::MAX, 2);
        assert_eq!(histogram.total(), 1002);
        assert_eq!(histogram.percentile(0.0), 0);
        assert_eq!(histogram.percentile(0.5), 511);
        assert_eq!(histogram.percentile(0.99), 1023);
        assert_eq!(histogram.percentile(1.0), u64::MAX);
    }

    #[test]
    fn a_chart_has_a_line_a_row() {
        let mut histogram = Histogram::<()>::new();
        histogram.record(5);
        let shown = AsciiChart::new().add("a", histogram.clone()).add("b", histogram).to_string();
        assert_eq!(shown.lines().count(), 2);
        assert!(shown.starts_with("a: [samples: 1, P50: 7"));
    }
}
