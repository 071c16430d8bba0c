//! Moments and spans as the records have them, and as answers show them.

use std::time::Duration;

use coffer_core::Timestamp;

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct ProtoTimestamp {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(super) struct ProtoDuration {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

impl From<Timestamp> for ProtoTimestamp {
    fn from(at: Timestamp) -> Self {
        let nanos = at.unix_nanos().rem_euclid(1_000_000_000);
        // Both fit: a calendar's seconds, and less than 10^9.
        Self { seconds: at.unix(), nanos: nanos as i32 }
    }
}

impl ProtoTimestamp {
    /// Go's zero time where it lies outside of the calendar.
    pub(super) fn to_timestamp(self) -> Timestamp {
        let nanos = Duration::from_nanos(u64::try_from(self.nanos).unwrap_or(0));
        Timestamp::from_unix(self.seconds).map_or(Timestamp::ZERO, |at| at.plus(nanos))
    }
}

impl ProtoDuration {
    pub(super) const fn from_seconds(seconds: i64) -> Self {
        Self { seconds, nanos: 0 }
    }

    /// `None` where it is zero or negative.
    pub(super) fn to_positive(self) -> Option<Duration> {
        let span = Duration::new(u64::try_from(self.seconds).ok()?, u32::try_from(self.nanos).ok()?);
        (!span.is_zero()).then_some(span)
    }
}

/// RFC 3339, or the empty text where there is no time.
pub(super) fn shown(time: Option<ProtoTimestamp>) -> String {
    time.map(|time| time.to_timestamp().rfc3339()).unwrap_or_default()
}

/// As Go prints a span: `2h0m0s`, `1m30s`, `0s`, `-1s`.
pub(super) fn span_shown(span: Option<ProtoDuration>) -> String {
    let ProtoDuration { seconds, nanos } = span.unwrap_or_default();
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let (whole, part) = (seconds.unsigned_abs(), nanos.unsigned_abs());
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    let fraction = if part == 0 { String::new() } else { format!(".{part:09}").trim_end_matches('0').to_owned() };
    let rest = format!("{rest}{fraction}s");
    match (hours, minutes) {
        (0, 0) => format!("{sign}{rest}"),
        (0, _) => format!("{sign}{minutes}m{rest}"),
        _ => format!("{sign}{hours}h{minutes}m{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_as_go_prints_them() {
        let good = [(0, "0s"), (1, "1s"), (90, "1m30s"), (7200, "2h0m0s"), (-1, "-1s"), (86_400 * 3 + 61, "72h1m1s")];
        for (seconds, text) in good {
            assert_eq!(span_shown(Some(ProtoDuration::from_seconds(seconds))), text);
        }
        assert_eq!(span_shown(None), "0s");
        assert_eq!(span_shown(Some(ProtoDuration { seconds: 1, nanos: 500_000_000 })), "1.5s");
    }

    #[test]
    fn moments_keep_their_nanoseconds() {
        let at = Timestamp::parse("2026-11-23T20:19:11.965959822Z").unwrap();
        assert_eq!(ProtoTimestamp::from(at).to_timestamp(), at);
        assert_eq!(shown(Some(at.into())), "2026-11-23T20:19:11.965959822Z");
        assert_eq!(shown(None), "");
        let beyond = ProtoTimestamp { seconds: i64::MAX, nanos: -1 };
        assert!(beyond.to_timestamp().is_zero());
    }
}
