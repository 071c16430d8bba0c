use zeroize::Zeroizing;

use super::json::{Json, Map};

/// How deep lists and objects may nest.
const MAX_DEPTH: usize = 512;

/// Why a text is not JSON. It shows at most one character of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("EOF")]
    Empty,
    #[error("unexpected EOF")]
    UnexpectedEnd,
    #[error("invalid character {found:?} {place}")]
    Unexpected { found: char, place: &'static str },
    #[error("exceeded max depth")]
    TooDeep,
    #[error("invalid escape in a string")]
    BadEscape,
}

/// Reads the first JSON value of `bytes`; what follows it is not looked at.
///
/// # Errors
/// The bytes do not start with a JSON value.
pub(crate) fn parse(bytes: &[u8]) -> Result<Json, JsonError> {
    let mut parser = Parser { bytes, at: 0 };
    parser.skip_space();
    if parser.at == bytes.len() {
        return Err(JsonError::Empty);
    }
    parser.value(0)
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.skip_space();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => Ok(Json::Text(self.string()?)),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut entries = Vec::new();
        self.skip_space();
        if self.eat(b'}') {
            return Ok(Map::new().into());
        }
        loop {
            self.skip_space();
            if self.peek()? != b'"' {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.skip_space();
            if self.peek()? != b':' {
                return Err(self.unexpected("after object key"));
            }
            self.at += 1;
            entries.push(((*key).clone(), self.value(depth + 1)?));
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Map::from_parsed(entries).into());
                }
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.eat(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Json::List(items));
                }
                _ => return Err(self.unexpected("after array element")),
            }
        }
    }

    fn word(&mut self, word: &'static str, value: Json) -> Result<Json, JsonError> {
        for expected in word.bytes() {
            if self.peek()? != expected {
                return Err(self.unexpected("in a literal"));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        Ok(Json::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned()))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !self.peek()?.is_ascii_digit() {
            return Err(self.unexpected("in numeric literal"));
        }
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }

    /// A string, its opening quote not yet taken. Bytes that are not UTF-8 become U+FFFD.
    fn string(&mut self) -> Result<Zeroizing<String>, JsonError> {
        self.at += 1;
        let mut text: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::new());
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(Zeroizing::new(String::from_utf8_lossy(&text).into_owned()));
                }
                b'\\' => {
                    self.at += 1;
                    let character = self.escape()?;
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                0..=0x1f => return Err(self.unexpected("in string literal")),
                byte => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let escaped = self.peek()?;
        self.at += 1;
        Ok(match escaped {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex4()?;
                match char::from_u32(high) {
                    Some(character) => character,
                    None => self.low_surrogate(high)?,
                }
            }
            _ => return Err(JsonError::BadEscape),
        })
    }

    /// The second half of a pair; a half that stands alone is U+FFFD and takes nothing with it.
    fn low_surrogate(&mut self, high: u32) -> Result<char, JsonError> {
        let start = self.at;
        if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = start;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = char::from(self.peek()?).to_digit(16).ok_or(JsonError::BadEscape)?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    fn skip_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Result<u8, JsonError> {
        self.bytes.get(self.at).copied().ok_or(JsonError::UnexpectedEnd)
    }

    fn unexpected(&self, place: &'static str) -> JsonError {
        let rest = &self.bytes[self.at..];
        let text = String::from_utf8_lossy(&rest[..rest.len().min(4)]);
        text.chars().next().map_or(JsonError::UnexpectedEnd, |found| JsonError::Unexpected { found, place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_keep_their_text() {
        let value = parse(b"[1.0, 1e30, -0, 123456789012345678901234567890]").unwrap();
        assert_eq!(value.compact(), "[1.0,1e30,-0,123456789012345678901234567890]");
    }

    #[test]
    fn objects_are_sorted_and_the_last_of_equal_keys_wins() {
        assert_eq!(parse(br#"{"b":1,"a":2,"b":3}"#).unwrap().compact(), r#"{"a":2,"b":3}"#);
    }

    #[test]
    fn surrogate_pairs_make_one_character_and_halves_a_replacement() {
        assert_eq!(parse(br#""\ud83d\ude00""#).unwrap().as_text(), Some("\u{1f600}"));
        assert_eq!(parse(br#""\ud83dx""#).unwrap().as_text(), Some("\u{fffd}x"));
        assert_eq!(parse(br#""\ud83d\u0041""#).unwrap().as_text(), Some("\u{fffd}A"));
    }

    #[test]
    fn what_follows_the_value_is_not_read() {
        assert_eq!(parse(b"true garbage").unwrap().as_bool(), Some(true));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse(b" ").unwrap_err().to_string(), "EOF");
        assert_eq!(parse(b"{\"a\":").unwrap_err().to_string(), "unexpected EOF");
        assert_eq!(parse(b"<html>").unwrap_err().to_string(), "invalid character '<' looking for beginning of value");
        assert_eq!(parse("[".repeat(100_000).as_bytes()).unwrap_err(), JsonError::TooDeep);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn text_survives_writing_and_reading(text: String) {
            let written = Json::text(text.clone()).compact();
            let read = parse(written.as_bytes()).unwrap();
            prop_assert_eq!(read.as_text(), Some(text.as_str()));
        }
    }
}
