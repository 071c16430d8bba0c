//! Times as Go writes and reads them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::facts::UnixNanos;

/// UTC with up to nine decimals, trailing zeros cut.
pub(super) fn rfc3339_nanos(at: UnixNanos) -> String {
    print(OffsetDateTime::from_unix_timestamp_nanos(at.0))
}

/// UTC in whole seconds.
pub(super) fn rfc3339_seconds(at: UnixNanos) -> String {
    let seconds = i64::try_from(at.0.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
    print(OffsetDateTime::from_unix_timestamp(seconds))
}

fn print(at: Result<OffsetDateTime, time::error::ComponentRange>) -> String {
    let text = at.ok().and_then(|at| at.format(&Rfc3339).ok());
    text.unwrap_or_else(|| "0001-01-01T00:00:00Z".to_owned())
}

/// Whether a text is a time and nothing else: `2006-01-02T15:04:05`, up to nine decimals, `Z` or `+hh:mm`.
pub(super) fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(20..=35).contains(&bytes.len()) || bytes[4] != b'-' || bytes[10] != b'T' {
        return false;
    }
    date_and_time(bytes).is_some_and(|rest| zone(after_decimals(rest)))
}

fn date_and_time(bytes: &[u8]) -> Option<&[u8]> {
    let (fixed, rest) = bytes.split_at_checked(19)?;
    if fixed[7] != b'-' || fixed[13] != b':' || fixed[16] != b':' {
        return None;
    }
    let century = two(fixed, 0)?;
    let year = century * 100 + two(fixed, 2)?;
    let (month, day) = (two(fixed, 5)?, two(fixed, 8)?);
    let (hour, minute, second) = (two(fixed, 11)?, two(fixed, 14)?, two(fixed, 17)?);
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let days = u32::from(month.length(i32::try_from(year).ok()?));
    let valid = (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60;
    valid.then_some(rest)
}

/// What follows the decimals; all of `rest` when there are none or too many.
fn after_decimals(rest: &[u8]) -> &[u8] {
    let Some((b'.', decimals)) = rest.split_first() else { return rest };
    let count = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=9).contains(&count) { &decimals[count..] } else { rest }
}

fn zone(rest: &[u8]) -> bool {
    match rest {
        b"Z" => true,
        [b'+' | b'-', _, _, b':', _, _] => {
            two(rest, 1).is_some_and(|hours| hours < 24) && two(rest, 4).is_some_and(|minutes| minutes < 60)
        }
        _ => false,
    }
}

fn two(bytes: &[u8], at: usize) -> Option<u32> {
    match bytes.get(at..at + 2)? {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(u32::from(a - b'0') * 10 + u32::from(b - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_told_from_other_texts() {
        for time in ["2020-01-01T00:00:00Z", "2026-11-23T20:29:27.422892923Z", "2024-02-29T23:59:59.1+05:30"] {
            assert!(is_rfc3339(time), "{time}");
        }
        for other in [
            "2020-01-01 00:00:00Z",
            "2020-01-01T00:00:00",
            "2023-02-29T00:00:00Z",
            "2020-13-01T00:00:00Z",
            "2020-01-01T24:00:00Z",
            "2020-01-01T00:00:00z",
            "2020-01-01T00:00:00.Z",
            "2020-01-01T00:00:00.1234567891Z",
            "2020-01-01T00:00:00+24:00",
            "2020-01-01T00:00:00Zsecret",
            "my-secret-of-twenty-f",
        ] {
            assert!(!is_rfc3339(other), "{other}");
        }
    }

    #[test]
    fn times_are_printed_as_go_prints_them() {
        assert_eq!(rfc3339_nanos(UnixNanos(1_795_466_163_284_060_200)), "2026-11-23T20:36:03.2840602Z");
        assert_eq!(rfc3339_seconds(UnixNanos(1_795_466_163_284_060_200)), "2026-11-23T20:36:03Z");
        assert_eq!(rfc3339_nanos(UnixNanos(i128::MAX)), "0001-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_a_time(nanos in 0..4_000_000_000_000_000_000_i128) {
            prop_assert!(is_rfc3339(&rfc3339_nanos(UnixNanos(nanos))));
        }

        #[test]
        fn never_panics(text in "[0-9TZ:.+-]{15,40}|.{15,40}") {
            if is_rfc3339(&text) {
                prop_assert!(OffsetDateTime::parse(&text, &Rfc3339).is_ok());
            }
        }
    }
}
