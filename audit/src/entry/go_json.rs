//! JSON as Go prints it: `<`, `>`, `&` and the two Unicode line ends are escaped in texts.

use std::io::{self, Write};

use serde_json::ser::Formatter;

pub(super) struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, escape, len)) = next_escape(rest) {
            writer.write_all(&rest.as_bytes()[..at])?;
            writer.write_all(escape)?;
            rest = &rest[at + len..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Place, escape and length of the next character that Go escapes and `serde_json` does not.
fn next_escape(text: &str) -> Option<(usize, &'static [u8], usize)> {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' => return Some((at, br"\u003c", 1)),
            b'>' => return Some((at, br"\u003e", 1)),
            b'&' => return Some((at, br"\u0026", 1)),
            0xe2 => match bytes.get(at..at + 3) {
                Some([_, 0x80, 0xa8]) => return Some((at, br"\u2028", 3)),
                Some([_, 0x80, 0xa9]) => return Some((at, br"\u2029", 3)),
                _ => {}
            },
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Serialize;

    fn print(text: &str) -> String {
        let mut out = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut out, GoFormatter)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_what_go_escapes() {
        assert_eq!(print("a<b>&\"c\n"), r#""a\u003cb\u003e\u0026\"c\n""#);
        assert_eq!(print("x\u{2028}\u{2029}\u{2027}€"), "\"x\\u2028\\u2029\u{2027}€\"");
    }

    proptest! {
        #[test]
        fn says_the_same_as_plain_json(text in any::<String>()) {
            let back: String = serde_json::from_str(&print(&text)).unwrap();
            prop_assert_eq!(back, text);
        }
    }
}
