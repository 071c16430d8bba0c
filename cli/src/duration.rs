//! Durations as the API's clients write and print them: `1h30m`, `768h`, or a number of seconds.

use std::fmt;

const NANOS: i64 = 1_000_000_000;

/// A signed duration in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Span(pub(crate) i64);

/// The text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpanError {
    #[error("time: invalid duration {0:?}")]
    Invalid(String),
    #[error("time: missing unit in duration {0:?}")]
    MissingUnit(String),
    #[error("time: unknown unit {unit:?} in duration {text:?}")]
    UnknownUnit { unit: String, text: String },
}

impl Span {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS))
    }

    /// Whole seconds, rounded towards zero.
    pub(crate) fn whole_seconds(self) -> i64 {
        self.0 / NANOS
    }

    /// Reads a number of seconds, days (`30d`), or numbers with units (`1h30m`).
    ///
    /// # Errors
    /// The text is none of them.
    pub(crate) fn parse(text: &str) -> Result<Self, SpanError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::ZERO);
        }
        if let Ok(seconds) = text.parse::<i64>() {
            return Ok(Self::seconds(seconds));
        }
        if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()) {
            return Ok(Self::seconds(days.saturating_mul(86_400)));
        }
        parse_units(text)
    }

    /// Without the units that are zero at the end: `1h`, where [`fmt::Display`] has `1h0m0s`.
    pub(crate) fn human(self) -> String {
        if self.0 == 0 {
            return "0s".to_owned();
        }
        let mut text = self.to_string();
        if text.ends_with("m0s") {
            text.truncate(text.len() - 2);
        }
        if let Some(at) = text.find("h0m") {
            text.replace_range(at + 1..at + 3, "");
        }
        text
    }

    /// For a tuning request: none for zero, `system` for anything below it.
    pub(crate) fn for_tuning(self) -> String {
        match self.0 {
            0 => String::new(),
            ..0 => "system".to_owned(),
            _ => self.to_string(),
        }
    }
}

fn parse_units(text: &str) -> Result<Span, SpanError> {
    let invalid = || SpanError::Invalid(text.to_owned());
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        if number.is_empty() || number == "." || number.matches('.').count() > 1 {
            return Err(invalid());
        }
        let scale: i64 = match unit {
            "" => return Err(SpanError::MissingUnit(text.to_owned())),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => NANOS,
            "m" => 60 * NANOS,
            "h" => 3_600 * NANOS,
            _ => return Err(SpanError::UnknownUnit { unit: unit.to_owned(), text: text.to_owned() }),
        };
        let part = scaled(number, scale).ok_or_else(invalid)?;
        total = total.checked_add(part).ok_or_else(invalid)?;
        rest = next;
    }
    Ok(Span(if negative { -total } else { total }))
}

fn scaled(number: &str, scale: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut total = whole.checked_mul(scale)?;
    let mut unit = scale;
    for digit in fraction.bytes() {
        unit /= 10;
        total = total.checked_add(unit.checked_mul(i64::from(digit - b'0'))?)?;
    }
    Some(total)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let (unit, scale) = match nanos {
            0 => return f.write_str("0s"),
            1..1_000 => ("ns", 1),
            1_000..1_000_000 => ("µs", 1_000),
            1_000_000..1_000_000_000 => ("ms", 1_000_000),
            _ => {
                let seconds = nanos / 1_000_000_000;
                let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if seconds >= 60 {
                    write!(f, "{minutes}m")?;
                }
                return write!(f, "{}s", decimal(nanos % 60_000_000_000, 1_000_000_000));
            }
        };
        write!(f, "{}{unit}", decimal(nanos, scale))
    }
}

/// `value / scale`, without zeros at the end of the fraction.
fn decimal(value: u64, scale: u64) -> String {
    let (whole, fraction) = (value / scale, value % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    let fraction = format!("{fraction:0width$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_print_as_clients_print_them() {
        for (seconds, plain, human) in [
            (0, "0s", "0s"),
            (1, "1s", "1s"),
            (60, "1m0s", "1m"),
            (61, "1m1s", "1m1s"),
            (3_600, "1h0m0s", "1h"),
            (3_660, "1h1m0s", "1h1m"),
            (3_601, "1h0m1s", "1h1s"),
            (2_764_800, "768h0m0s", "768h"),
            (-1, "-1s", "-1s"),
        ] {
            assert_eq!(Span::seconds(seconds).to_string(), plain);
            assert_eq!(Span::seconds(seconds).human(), human);
        }
        assert_eq!(Span(1_500_000).to_string(), "1.5ms");
        assert_eq!(Span(90_500_000_000).to_string(), "1m30.5s");
    }

    #[test]
    fn durations_are_read_in_every_form() {
        for (text, seconds) in
            [("30", 30), ("1h30m", 5_400), ("2d", 172_800), ("-1", -1), ("1.5m", 90), ("", 0), ("-2s", -2)]
        {
            assert_eq!(Span::parse(text), Ok(Span::seconds(seconds)), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(Span::parse("abc").unwrap_err().to_string(), "time: invalid duration \"abc\"");
        assert_eq!(Span::parse("1h5").unwrap_err().to_string(), "time: missing unit in duration \"1h5\"");
        assert_eq!(Span::parse("5x").unwrap_err().to_string(), "time: unknown unit \"x\" in duration \"5x\"");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text: String) {
            let _ = Span::parse(&text);
        }

        #[test]
        fn what_is_printed_is_read_back(nanos in -1_000_000_000_000_000i64..1_000_000_000_000_000) {
            prop_assert_eq!(Span::parse(&Span(nanos).to_string()), Ok(Span(nanos)));
        }
    }
}
