/// Whether a reader would take the plain text for a number, a boolean, a time or null.
pub(super) fn means_something_else(text: &str) -> bool {
    const WORDS: [&str; 11] = ["y", "Y", "n", "N", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN"];
    const BOOLEANS: [&str; 6] = ["yes", "no", "true", "false", "on", "off"];
    if WORDS.contains(&text) {
        return true;
    }
    let lower = text.to_lowercase();
    let cased = text == lower || text == text.to_uppercase() || {
        let mut characters = text.chars();
        let first = characters.next().is_some_and(char::is_uppercase);
        first && characters.as_str() == lower.chars().skip(1).collect::<String>()
    };
    if cased && BOOLEANS.contains(&lower.as_str()) {
        return true;
    }
    if cased_infinity(text) {
        return true;
    }
    looks_like_number(text) || looks_like_time(text) || looks_like_base60(text)
}

fn cased_infinity(text: &str) -> bool {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(bare, ".inf" | ".Inf" | ".INF")
}

fn looks_like_number(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if !starts {
        return false;
    }
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let radix = |prefixes: [&str; 2], radix: u32| {
        prefixes.iter().any(|prefix| {
            unsigned
                .strip_prefix(prefix)
                .is_some_and(|digits| !digits.is_empty() && u64::from_str_radix(digits, radix).is_ok())
        })
    };
    if radix(["0x", "0X"], 16) || radix(["0b", "0B"], 2) || radix(["0o", "0O"], 8) {
        return true;
    }
    is_decimal(unsigned)
}

/// Digits, perhaps with a fraction and an exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let exponent_ok = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_ok
}

/// `2001-12-14`, or that and a time of day.
fn looks_like_time(text: &str) -> bool {
    let (date, clock) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let number = |part: &str, low: usize, high: usize| {
        (low..=high).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let is_date =
        matches!(parts[..], [year, month, day] if number(year, 4, 4) && number(month, 1, 2) && number(day, 1, 2));
    is_date
        && clock.is_none_or(|clock| {
            let hms: Vec<&str> = clock.trim_end_matches('Z').splitn(3, ':').collect();
            matches!(hms[..], [hour, minute, second] if number(hour, 1, 2) && number(minute, 1, 2) && second.starts_with(|c: char| c.is_ascii_digit()))
        })
}

/// `1:30`, which older readers take for a number to the base of 60.
fn looks_like_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (body, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = body.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        && !rest.is_empty()
        && rest.iter().all(|part| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
        && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}
