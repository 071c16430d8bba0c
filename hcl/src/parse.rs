use crate::body::{Body, Position};
use crate::error::ParseError;
use crate::{json, text};

/// How deep objects and lists may nest, together.
pub const MAX_DEPTH: usize = 64;

/// How long a text may be, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Parses a text in either form: JSON when its first character other than white space is `{`,
/// HCL otherwise. An empty text is an empty body.
///
/// # Errors
/// The first mistake, with the line and column where it was noticed and what was expected.
pub fn parse(text: &str) -> Result<Body, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(ParseError::new(Position::START, format!("the text is larger than {MAX_BYTES} bytes")));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') { json::parse(text) } else { text::parse(text) }
}

/// [`parse`] for bytes of unknown encoding.
///
/// # Errors
/// As [`parse`], and when the bytes are not UTF-8.
pub fn parse_bytes(bytes: &[u8]) -> Result<Body, ParseError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(error) => {
            let good = &bytes[..error.valid_up_to()];
            let line = 1 + count_newlines(good);
            let start = good.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
            let column = 1 + String::from_utf8_lossy(&good[start..]).chars().count();
            let position = Position {
                line: u32::try_from(line).unwrap_or(u32::MAX),
                column: u32::try_from(column).unwrap_or(u32::MAX),
            };
            Err(ParseError::new(position, "illegal UTF-8 encoding"))
        }
    }
}

fn count_newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| b == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_that_are_not_utf8_name_the_place() {
        let error = parse_bytes(b"a = 1\nb = \"\xff\"").unwrap_err();
        assert_eq!(error.to_string(), "At 2:6: illegal UTF-8 encoding");
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(parse("\u{feff}a = 1").unwrap().items().len(), 1);
    }

    #[test]
    fn nesting_is_bounded_in_both_forms() {
        for (open, prefix) in [("[", "a = "), ("a {", ""), ("[", "{\"a\":"), ("{\"a\":", "")] {
            let text = format!("{prefix}{}", open.repeat(100_000));
            let error = parse(&text).unwrap_err();
            assert!(error.message().contains("nested"), "{open}: {error}");
        }
    }

    #[test]
    fn size_is_bounded() {
        assert!(parse(&" ".repeat(MAX_BYTES + 1)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_bytes(&bytes);
        }

        #[test]
        fn text_made_of_the_grammar_is_answered(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "{", "}", "[", "]", "=", ",", "\"", "\\", "${", "a", "b-c", " ", "\n", "\r",
                    "#", "//", "/*", "*/", "<<EOF", "<<-E", "EOF", "1", "-", "0x", "e", ".", "true",
                    "\"k\":", "null", "é", "\u{0}",
                ]),
                0..60,
            )
        ) {
            let _ = parse(&parts.concat());
        }
    }
}
