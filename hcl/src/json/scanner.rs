use crate::body::Position;
use crate::error::ParseError;
use crate::text::hex_digits;

/// Reads the characters and scalars of a JSON text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    offset: usize,
    position: Position,
}

pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, offset: 0, position: Position::START }
    }

    /// The next character that is not white space, not yet read.
    pub fn peek(&mut self) -> Option<char> {
        loop {
            let next = self.rest().chars().next()?;
            if !matches!(next, ' ' | '\t' | '\n' | '\r') {
                return Some(next);
            }
            self.advance(1);
            if next == '\n' {
                self.position.line = self.position.line.saturating_add(1);
                self.position.column = 1;
            }
        }
    }

    pub fn expect(&mut self, wanted: char) -> Result<(), ParseError> {
        if self.peek() == Some(wanted) {
            self.advance(wanted.len_utf8());
            Ok(())
        } else {
            Err(self.expected(&format!("'{wanted}'")))
        }
    }

    /// Reads `word` if it comes next.
    pub fn word(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.advance(word.len());
        }
        found
    }

    pub fn number(&mut self) -> Result<Number, ParseError> {
        let length = self
            .rest()
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')))
            .unwrap_or(self.rest().len());
        let text = &self.rest()[..length];
        let number = if text.contains(['.', 'e', 'E']) {
            text.parse().ok().filter(|f: &f64| f.is_finite()).map(Number::Float)
        } else {
            text.parse().ok().map(Number::Integer)
        };
        let number = number.ok_or_else(|| self.error("illegal number"))?;
        self.advance(length);
        Ok(number)
    }

    pub fn string(&mut self) -> Result<String, ParseError> {
        self.expect('"')?;
        let mut out = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(self.error("literal not terminated"));
            };
            match c {
                '"' => {
                    self.advance(1);
                    return Ok(out);
                }
                '\\' => {
                    self.advance(1);
                    out.push(self.escape()?);
                }
                c if c < ' ' => return Err(self.error("literal not terminated")),
                c => {
                    self.advance(c.len_utf8());
                    out.push(c);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let simple = match self.rest().chars().next() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode_escape(),
            _ => return Err(self.error("illegal char escape")),
        };
        self.advance(1);
        Ok(simple)
    }

    fn unicode_escape(&mut self) -> Result<char, ParseError> {
        let first = self.unit()?;
        let code = match first {
            0xD800..=0xDBFF if self.word("\\") => {
                let second = self.unit()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(self.error("illegal char escape"));
                }
                0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.error("illegal char escape"))
    }

    fn unit(&mut self) -> Result<u32, ParseError> {
        let unit = self.rest().strip_prefix('u').and_then(|rest| hex_digits(rest, 4));
        let unit = unit.ok_or_else(|| self.error("illegal char escape"))?;
        self.advance(5);
        Ok(unit)
    }

    pub fn position(&self) -> Position {
        self.position
    }

    pub fn expected(&mut self, wanted: &str) -> ParseError {
        let got = match self.peek() {
            None => "EOF",
            Some('{') => "LBRACE",
            Some('}') => "RBRACE",
            Some('[') => "LBRACK",
            Some(']') => "RBRACK",
            Some(',') => "COMMA",
            Some(':') => "COLON",
            Some('"') => "STRING",
            Some('-' | '0'..='9') => "NUMBER",
            Some(_) => "ILLEGAL",
        };
        self.error(format!("expected: {wanted} got: {got}"))
    }

    pub fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::new(self.position(), message)
    }

    /// Counts as it goes: a text can be one long line with very many values.
    fn advance(&mut self, bytes: usize) {
        let characters = self.rest()[..bytes].chars().count();
        let characters = u32::try_from(characters).unwrap_or(u32::MAX);
        self.position.column = self.position.column.saturating_add(characters);
        self.offset += bytes;
    }

    fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }
}
