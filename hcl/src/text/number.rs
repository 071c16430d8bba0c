use super::token::TokenKind;

/// How many bytes at the start of `text` belong to the number that starts there.
pub(super) fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    if bytes.get(at) == Some(&b'0') && matches!(bytes.get(at + 1), Some(b'x' | b'X')) {
        at += 2;
        return at + run(bytes, at, u8::is_ascii_hexdigit);
    }
    at += run(bytes, at, u8::is_ascii_digit);
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        at += run(bytes, at, u8::is_ascii_digit);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at += run(bytes, at, u8::is_ascii_digit);
    }
    at
}

fn run(bytes: &[u8], from: usize, belongs: impl Fn(&u8) -> bool) -> usize {
    bytes[from..].iter().take_while(|byte| belongs(byte)).count()
}

/// The number written: decimal, `0x` hexadecimal, octal with a leading 0, or a float.
pub(super) fn parse(text: &str) -> Result<TokenKind, &'static str> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    if let Some(digits) = hexadecimal {
        return integer(sign, digits, 16, "illegal hexadecimal number");
    }
    if digits.contains(['.', 'e', 'E']) {
        let value: f64 = text.parse().map_err(|_| "illegal floating point number")?;
        return if value.is_finite() { Ok(TokenKind::Float(value)) } else { Err("number out of range") };
    }
    match digits.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => integer(sign, octal, 8, "illegal octal number"),
        _ => integer(sign, digits, 10, "illegal number"),
    }
}

fn integer(sign: &str, digits: &str, radix: u32, illegal: &'static str) -> Result<TokenKind, &'static str> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(illegal);
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).map(TokenKind::Number).map_err(|_| "number out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_form() {
        for (text, value) in [
            ("0", TokenKind::Number(0)),
            ("-12", TokenKind::Number(-12)),
            ("0x1F", TokenKind::Number(31)),
            ("010", TokenKind::Number(8)),
            ("1.5", TokenKind::Float(1.5)),
            ("2e3", TokenKind::Float(2000.0)),
            ("9223372036854775807", TokenKind::Number(i64::MAX)),
        ] {
            assert_eq!(length(text), text.len(), "{text}");
            assert_eq!(parse(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn illegal_numbers_are_refused() {
        for text in ["0x", "08", "9223372036854775808", "1e", "1e999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_ends_where_something_else_begins() {
        assert_eq!(length("12]"), 2);
        assert_eq!(length("1h"), 1);
    }
}
