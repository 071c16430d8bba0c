//! Spans of time as Go prints them.

use std::time::Duration;

/// `1h2m3.5s`, `1.5s`, `322.486048ms`, `12.5µs`, `7ns`, `0s`.
pub(super) fn go(span: Duration) -> String {
    let nanos = span.as_nanos();
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => decimal(nanos, 1_000, "µs"),
        1_000_000..1_000_000_000 => decimal(nanos, 1_000_000, "ms"),
        _ => {
            let (hours, minutes) = (span.as_secs() / 3600, span.as_secs() / 60 % 60);
            let seconds = decimal(nanos % 60_000_000_000, 1_000_000_000, "s");
            match (hours, minutes) {
                (0, 0) => seconds,
                (0, _) => format!("{minutes}m{seconds}"),
                _ => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

fn decimal(nanos: u128, unit: u128, name: &str) -> String {
    let width = usize::try_from(unit.ilog10()).unwrap_or(9);
    let fraction = format!("{:0width$}", nanos % unit);
    match fraction.trim_end_matches('0') {
        "" => format!("{}{name}", nanos / unit),
        digits => format!("{}.{digits}{name}", nanos / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_prints_them() {
        let cases = [
            (0, "0s"),
            (7, "7ns"),
            (12_500, "12.5µs"),
            (322_486_048, "322.486048ms"),
            (3_322_685_103, "3.322685103s"),
            (10_000_000_000, "10s"),
            (60_000_000_000, "1m0s"),
            (90_500_000_000, "1m30.5s"),
            (86_400_000_000_000, "24h0m0s"),
            (1_000_000_001, "1.000000001s"),
        ];
        for (nanos, shown) in cases {
            assert_eq!(go(Duration::from_nanos(nanos)), shown);
        }
    }
}
