use std::fmt;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A point in time as an answer carries it, with its own offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// What stands for "no time".
    pub(crate) fn zero() -> Self {
        Self(OffsetDateTime::UNIX_EPOCH - time::Duration::seconds(62_135_596_800))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Self)
    }

    pub(crate) fn is_zero(self) -> bool {
        self == Self::zero()
    }

    /// `2026-11-23T20:28:12.481576207Z`, without zeros at the end of the fraction.
    pub(crate) fn rfc3339(self) -> String {
        let (sign, hours, minutes) = self.offset();
        let zone =
            if self.0.offset() == UtcOffset::UTC { "Z".to_owned() } else { format!("{sign}{hours:02}:{minutes:02}") };
        format!("{}T{}{}{zone}", self.date(), self.clock(), self.fraction())
    }

    /// The same to the second.
    pub(crate) fn rfc3339_seconds(self) -> String {
        Self(self.0.replace_nanosecond(0).unwrap_or(self.0)).rfc3339()
    }

    /// `23 Nov 26 20:28 UTC`
    pub(crate) fn rfc822(self) -> String {
        let utc = self.0.to_offset(UtcOffset::UTC);
        let month = &utc.month().to_string()[..3];
        format!("{:02} {month} {:02} {:02}:{:02} UTC", utc.day(), utc.year().rem_euclid(100), utc.hour(), utc.minute())
    }

    fn date(self) -> String {
        format!("{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }

    fn clock(self) -> String {
        format!("{:02}:{:02}:{:02}", self.0.hour(), self.0.minute(), self.0.second())
    }

    fn fraction(self) -> String {
        let nanos = format!(".{:09}", self.0.nanosecond());
        nanos.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    fn offset(self) -> (char, u8, u8) {
        let (hours, minutes, _) = self.0.offset().as_hms();
        let sign = if self.0.offset().is_negative() { '-' } else { '+' };
        (sign, hours.unsigned_abs(), minutes.unsigned_abs())
    }
}

/// `2026-11-23 20:28:12.481576207 +0000 UTC`
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, hours, minutes) = self.offset();
        let zone = format!("{sign}{hours:02}{minutes:02}");
        let name = if self.0.offset() == UtcOffset::UTC { "UTC" } else { &zone };
        write!(f, "{} {}{} {zone} {name}", self.date(), self.clock(), self.fraction())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_time() {
        let time = Timestamp::parse("2026-11-03T20:28:12.481576200Z").unwrap();
        assert_eq!(time.rfc3339(), "2026-11-03T20:28:12.4815762Z");
        assert_eq!(time.rfc3339_seconds(), "2026-11-03T20:28:12Z");
        assert_eq!(time.rfc822(), "03 Nov 26 20:28 UTC");
        assert_eq!(time.to_string(), "2026-11-03 20:28:12.4815762 +0000 UTC");
        let elsewhere = Timestamp::parse("2026-11-03T20:28:12-05:30").unwrap();
        assert_eq!(elsewhere.rfc3339(), "2026-11-03T20:28:12-05:30");
        assert_eq!(elsewhere.to_string(), "2026-11-03 20:28:12 -0530 -0530");
    }

    #[test]
    fn the_zero_time_is_the_first_of_the_calendar() {
        assert_eq!(Timestamp::zero().rfc3339(), "0001-01-01T00:00:00Z");
        assert!(Timestamp::parse("0001-01-01T00:00:00Z").unwrap().is_zero());
    }
}
