//! How long a lease may last: what was asked for, within the limits of mount, role and token.

use std::time::Duration;

use crate::active::LeaseLimits;
use crate::{Failure, Timestamp};

/// What is asked for; zero stands for "nothing said" throughout.
#[derive(Clone, Copy, Debug, Default)]
pub struct TtlRequest {
    /// Of the caller, at a renewal.
    pub increment: Duration,
    /// Of the backend.
    pub ttl: Duration,
    /// Renewable for ever in steps of this.
    pub period: Duration,
    /// The backend's maximum.
    pub max_ttl: Duration,
    /// Hard end, periodic or not.
    pub explicit_max_ttl: Duration,
}

/// The life to give from now on to a lease that began at `start`, and warnings in Vault's words where it was cut.
pub fn grant_ttl(
    limits: LeaseLimits,
    request: TtlRequest,
    start: Timestamp,
    now: Timestamp,
) -> Result<(Duration, Vec<String>), Failure> {
    let (start, now) = (whole_seconds(start), whole_seconds(now));
    let mut max = limits.max;
    for bound in [request.max_ttl, request.explicit_max_ttl] {
        if !bound.is_zero() {
            max = max.min(bound);
        }
    }
    if max.is_zero() {
        return Err(Failure::fault("max TTL must be greater than zero"));
    }
    let mut warnings = Vec::new();
    let (mut ttl, end) = if request.period.is_zero() {
        let asked = [request.increment, request.ttl].into_iter().find(|span| !span.is_zero());
        (asked.unwrap_or(limits.default), Some(start.plus(max)))
    } else {
        if request.period > max {
            warnings.push(format!(
                "period of \"{}\" exceeded the effective max_ttl of \"{}\"; period value is capped accordingly",
                human_duration(request.period),
                human_duration(max)
            ));
        }
        let end = (!request.explicit_max_ttl.is_zero()).then(|| start.plus(request.explicit_max_ttl));
        (request.period.min(max), end)
    };
    if let Some(end) = end {
        let left = end.since(now);
        if left.is_zero() {
            return Err(Failure::fault("past the max TTL, cannot renew"));
        }
        if ttl > left {
            warnings.push(format!(
                "TTL of \"{}\" exceeded the effective max_ttl of \"{}\"; TTL value is capped accordingly",
                human_duration(ttl),
                human_duration(left)
            ));
            ttl = left;
        }
    }
    Ok((ttl, warnings))
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_unix(at.unix()).unwrap_or(at)
}

/// A span in Go's notation without its zero parts: `1h`, `1h30m`, `90ms`.
pub fn human_duration(span: Duration) -> String {
    let nanos = span.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    if nanos < 1_000_000_000 {
        let (unit, name) = match nanos {
            ..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{}{name}", decimal(nanos, unit));
    }
    let (hours, minutes) = (nanos / 3_600_000_000_000, nanos / 60_000_000_000 % 60);
    let seconds = nanos % 60_000_000_000;
    let mut out = String::new();
    if hours > 0 {
        out.push_str(&format!("{hours}h"));
    }
    if minutes > 0 {
        out.push_str(&format!("{minutes}m"));
    }
    if seconds > 0 {
        out.push_str(&format!("{}s", decimal(seconds, 1_000_000_000)));
    }
    out
}

fn decimal(value: u128, unit: u128) -> String {
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let rest = format!("{rest:0width$}");
    format!("{whole}.{}", rest.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn limits(default: u64, max: u64) -> LeaseLimits {
        LeaseLimits { default: Duration::from_secs(default), max: Duration::from_secs(max) }
    }

    #[test]
    fn durations_read_as_gos_without_zero_parts() {
        for (span, text) in [
            (Duration::ZERO, "0s"),
            (HOUR, "1h"),
            (HOUR * 768, "768h"),
            (HOUR + Duration::from_secs(1800), "1h30m"),
            (HOUR + Duration::from_secs(5), "1h5s"),
            (Duration::from_secs(90), "1m30s"),
            (Duration::from_millis(1500), "1.5s"),
            (Duration::from_millis(90), "90ms"),
            (Duration::from_nanos(1500), "1.5µs"),
        ] {
            assert_eq!(human_duration(span), text);
        }
    }

    #[test]
    fn a_life_too_long_is_cut_and_said() {
        let now = Timestamp::now();
        let request = TtlRequest { ttl: HOUR * 2000, ..TtlRequest::default() };
        let (ttl, warnings) = grant_ttl(limits(3600, 768 * 3600), request, now, now).unwrap();
        assert_eq!(ttl, HOUR * 768);
        let text = "TTL of \"2000h\" exceeded the effective max_ttl of \"768h\"; TTL value is capped accordingly";
        assert_eq!(warnings, [text]);
    }

    #[test]
    fn nothing_is_renewed_past_its_end() {
        let start = Timestamp::now();
        let late = start.plus(HOUR);
        assert!(grant_ttl(limits(60, 3600), TtlRequest::default(), start, late).is_err());
        let periodic = TtlRequest { period: HOUR / 2, ..TtlRequest::default() };
        assert_eq!(grant_ttl(limits(60, 3600), periodic, start, late).unwrap().0, HOUR / 2);
        let ended = TtlRequest { explicit_max_ttl: HOUR, ..periodic };
        assert!(grant_ttl(limits(60, 7200), ended, start, late).is_err());
    }

    proptest! {
        #[test]
        fn no_life_reaches_past_its_bounds(
            default in 1u64..10_000, max in 1u64..10_000, increment in 0u64..20_000, ttl in 0u64..20_000,
            period in 0u64..20_000, max_ttl in 0u64..20_000, explicit in 0u64..20_000, age in 0u64..20_000,
        ) {
            let start = Timestamp::from_unix(1_800_000_000).unwrap();
            let now = start.plus(Duration::from_secs(age));
            let secs = Duration::from_secs;
            let request = TtlRequest {
                increment: secs(increment), ttl: secs(ttl), period: secs(period), max_ttl: secs(max_ttl),
                explicit_max_ttl: secs(explicit),
            };
            if let Ok((granted, _)) = grant_ttl(limits(default, max), request, start, now) {
                prop_assert!(!granted.is_zero());
                prop_assert!(granted <= secs(max));
                if explicit > 0 {
                    prop_assert!(age + granted.as_secs() <= explicit);
                }
                if period == 0 {
                    prop_assert!(age + granted.as_secs() <= max);
                    prop_assert!(max_ttl == 0 || age + granted.as_secs() <= max_ttl);
                }
            }
        }
    }
}
