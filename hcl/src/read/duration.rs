use std::time::Duration;

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    #[error("invalid duration")]
    Malformed,
    #[error("a duration cannot be negative")]
    Negative,
    #[error("the duration is too long")]
    TooLong,
}

/// A duration as Vault writes them: `1h30m`, `1.5h`, `300ms`, `7d`, or a bare number of seconds.
/// The empty text is zero. No longer than Vault can hold, about 292 years.
///
/// # Errors
/// The text is of no such form, negative, or too long.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Duration::ZERO);
    }
    let (negative, magnitude) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let nanoseconds = if let Some(days) = magnitude.strip_suffix('d') {
        whole(days, 86_400)?
    } else if magnitude.ends_with(|c: char| c.is_ascii_digit()) {
        whole(magnitude, 1)?
    } else {
        units(magnitude)?
    };
    let nanoseconds = i64::try_from(nanoseconds).map_err(|_| DurationError::TooLong)?;
    match u64::try_from(if negative { -nanoseconds } else { nanoseconds }) {
        Ok(nanoseconds) => Ok(Duration::from_nanos(nanoseconds)),
        Err(_) => Err(DurationError::Negative),
    }
}

fn whole(digits: &str, seconds: u128) -> Result<u128, DurationError> {
    let count = u128::from(integer(digits)?);
    Ok(count * seconds * 1_000_000_000)
}

fn units(mut rest: &str) -> Result<u128, DurationError> {
    let mut total = 0u128;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or(DurationError::Malformed)?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        total += scaled(number, unit_nanoseconds(unit)?)?;
        if total > u128::from(u64::MAX) {
            return Err(DurationError::TooLong);
        }
        rest = after;
    }
    Ok(total)
}

fn unit_nanoseconds(unit: &str) -> Result<u128, DurationError> {
    Ok(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(DurationError::Malformed),
    })
}

/// `number` (with or without a fraction) times `unit` nanoseconds.
fn scaled(number: &str, unit: u128) -> Result<u128, DurationError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return Err(DurationError::Malformed);
    }
    let mut total = if whole.is_empty() { 0 } else { u128::from(integer(whole)?) * unit };
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        total += u128::from(digit - b'0') * place;
    }
    Ok(total)
}

fn integer(digits: &str) -> Result<u64, DurationError> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DurationError::Malformed);
    }
    digits.parse().map_err(|_| DurationError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_every_form() {
        for (text, milliseconds) in [
            ("", 0),
            ("0", 0),
            ("90", 90_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            (".5s", 500),
            ("300ms", 300),
            ("7d", 604_800_000),
            ("+1s", 1_000),
            (" 1m ", 60_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse_duration("5µs"), Ok(Duration::from_micros(5)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["x", "1x", "1h30", "h", "1.2.3s", ".s", "--1s", "1d12h", "1.5d", "1 h"] {
            assert_eq!(parse_duration(text), Err(DurationError::Malformed), "{text}");
        }
        assert_eq!(parse_duration("-1s"), Err(DurationError::Negative));
        for text in ["400000h400000000h", "99999999999", "99999999999999999999s", "1000000d"] {
            assert_eq!(parse_duration(text), Err(DurationError::TooLong), "{text}");
        }
    }
}
