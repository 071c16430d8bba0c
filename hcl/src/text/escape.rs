/// Reads what follows a backslash: the character meant (none if that is no escape), and how many
/// characters of `rest` were looked at.
pub(super) fn unescape(rest: &str) -> (Option<char>, usize) {
    let Some(first) = rest.chars().next() else {
        return (None, 0);
    };
    let simple = match first {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        '"' => '"',
        '0'..='7' => return coded(digits(rest, 3, 8), 0, 3),
        'x' => return coded(hex_digits(&rest[1..], 2), 1, 2),
        'u' => return coded(hex_digits(&rest[1..], 4), 1, 4),
        'U' => return coded(hex_digits(&rest[1..], 8), 1, 8),
        _ => return (None, 1),
    };
    (Some(simple), 1)
}

/// The number that exactly `count` hexadecimal digits at the start of `rest` give.
pub(crate) fn hex_digits(rest: &str, count: usize) -> Option<u32> {
    digits(rest, count, 16)
}

fn digits(rest: &str, count: usize, radix: u32) -> Option<u32> {
    let digits = rest.get(..count)?;
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

fn coded(code: Option<u32>, prefix: usize, count: usize) -> (Option<char>, usize) {
    match code.and_then(char::from_u32) {
        Some(c) => (Some(c), prefix + count),
        None => (None, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_name_characters() {
        for (text, character, length) in [
            ("n", '\n', 1),
            ("\\x", '\\', 1),
            ("101b", 'A', 3),
            ("x41", 'A', 3),
            ("u00e9!", 'é', 5),
            ("U0001F600", '😀', 9),
        ] {
            assert_eq!(unescape(text), (Some(character), length), "{text}");
        }
    }

    #[test]
    fn broken_escapes_are_refused() {
        for text in ["", "q", "'", "x4", "xé", "uD800", "U00110000", "78", "9"] {
            assert_eq!(unescape(text).0, None, "{text}");
        }
    }
}
