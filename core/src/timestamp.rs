//! Wall-clock time as Vault writes it: RFC 3339 in UTC with up to nine decimals, trailing zeros cut.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// Go's zero time, which stands for "never" in stored records.
    pub const ZERO: Self = Self(time::macros::datetime!(0001-01-01 0:00 UTC));

    /// The beginning of 1970.
    pub const UNIX_EPOCH: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// The system clock. Code below the pipeline takes its time from [`crate::Context::now`] instead.
    pub fn now() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// Seconds since 1970; `None` when it is out of the calendar.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).ok().map(Self)
    }

    /// Whole seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// Nanoseconds since 1970; `None` when it is out of the calendar.
    pub fn from_unix_nanos(nanos: i128) -> Option<Self> {
        OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().map(Self)
    }

    /// Nanoseconds since 1970.
    pub fn unix_nanos(self) -> i128 {
        self.0.unix_timestamp_nanos()
    }

    /// As Vault prints it, for instance `2026-11-23T20:19:11.965959822Z`.
    pub fn rfc3339(self) -> String {
        self.0.format(&Rfc3339).unwrap_or_else(|_| "0001-01-01T00:00:00Z".to_owned())
    }

    /// Reads any RFC 3339 text.
    pub fn parse(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(|at| Self(at.to_offset(time::UtcOffset::UTC)))
    }

    /// True for Go's zero time.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// Later by `span`; stays at the end of the calendar rather than overflow.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let span = time::Duration::try_from(span).unwrap_or(time::Duration::MAX);
        Self(self.0.saturating_add(span))
    }

    /// Earlier by `span`; stays at the start of the calendar rather than overflow.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let span = time::Duration::try_from(span).unwrap_or(time::Duration::MAX);
        Self(self.0.saturating_sub(span))
    }

    /// Time from `earlier` to `self`; zero when it is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::try_from(self.0 - earlier.0).unwrap_or(Duration::ZERO)
    }
}

impl From<Timestamp> for OffsetDateTime {
    fn from(at: Timestamp) -> Self {
        at.0
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(at: OffsetDateTime) -> Self {
        Self(at.to_offset(time::UtcOffset::UTC))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_cut_as_go_cuts_them() {
        for text in ["2026-11-23T20:19:11Z", "2026-11-23T20:19:11.5Z", "2026-11-23T20:19:11.965959822Z"] {
            assert_eq!(Timestamp::parse(text).unwrap().rfc3339(), text);
        }
    }

    #[test]
    fn zero_is_gos_zero() {
        assert_eq!(Timestamp::ZERO.rfc3339(), "0001-01-01T00:00:00Z");
        assert!(Timestamp::parse("0001-01-01T00:00:00Z").unwrap().is_zero());
    }

    #[test]
    fn arithmetic_stays_in_the_calendar() {
        let now = Timestamp::now();
        assert_eq!(now.plus(Duration::from_secs(90)).since(now), Duration::from_secs(90));
        assert_eq!(now.since(now.plus(Duration::from_secs(1))), Duration::ZERO);
        assert!(now.plus(Duration::MAX) > now);
    }
}
