use super::escape::unescape;
use super::heredoc;
use super::number;
use super::token::{Token, TokenKind};
use crate::body::Position;
use crate::error::ParseError;

/// Cuts a text into tokens, skipping white space and comments.
pub(super) struct Scanner<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    /// Characters read on this line; the column of the last one.
    column: u32,
    /// Where the character read last stands.
    last: Position,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, offset: 0, line: 1, column: 0, last: Position { line: 1, column: 0 } }
    }

    pub fn next_token(&mut self) -> Result<Token, ParseError> {
        self.skip_space_and_comments()?;
        let start = self.offset;
        let first = self.read();
        let position = self.last;
        let kind = match first {
            None => TokenKind::Eof,
            Some('[') => TokenKind::LeftBracket,
            Some(']') => TokenKind::RightBracket,
            Some('{') => TokenKind::LeftBrace,
            Some('}') => TokenKind::RightBrace,
            Some(',') => TokenKind::Comma,
            Some('=') => TokenKind::Assign,
            Some('+') => TokenKind::Add,
            Some('"') => TokenKind::String(self.string()?),
            Some('<') => TokenKind::Heredoc(self.heredoc()?),
            Some('-') if !self.peek().is_some_and(|c| c.is_ascii_digit()) => TokenKind::Sub,
            Some('.') if !self.peek().is_some_and(|c| c.is_ascii_digit()) => TokenKind::Period,
            Some('-' | '.' | '0'..='9') => self.number(start)?,
            Some(c) if is_letter(c) => self.word(start),
            Some('\0') => return Err(self.error("unexpected null character (0x00)")),
            Some(_) => return Err(self.error("illegal character")),
        };
        Ok(Token { kind, position })
    }

    fn skip_space_and_comments(&mut self) -> Result<(), ParseError> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\n' | '\r') => {
                    self.read();
                }
                Some('#') => self.skip_line(),
                Some('/') => {
                    self.read();
                    match self.peek() {
                        Some('/') => self.skip_line(),
                        Some('*') => self.skip_block_comment()?,
                        _ => return Err(self.error("expected '/' for comment")),
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.read();
        }
    }

    fn skip_block_comment(&mut self) -> Result<(), ParseError> {
        self.read();
        loop {
            match self.read() {
                None => return Err(self.error("comment not terminated")),
                Some('*') if self.peek() == Some('/') => {
                    self.read();
                    return Ok(());
                }
                Some(_) => {}
            }
        }
    }

    fn word(&mut self, start: usize) -> TokenKind {
        while self.peek().is_some_and(|c| is_letter(c) || c.is_numeric() || c == '-' || c == '.') {
            self.read();
        }
        self.count_lookahead();
        match &self.text[start..self.offset] {
            "true" => TokenKind::Bool(true),
            "false" => TokenKind::Bool(false),
            word => TokenKind::Ident(word.to_owned()),
        }
    }

    fn number(&mut self, start: usize) -> Result<TokenKind, ParseError> {
        let length = number::length(&self.text[start..]);
        while self.offset < start + length {
            self.read();
        }
        let parsed = number::parse(&self.text[start..self.offset]);
        let parsed = parsed.map_err(|message| self.error(message))?;
        self.count_lookahead();
        Ok(parsed)
    }

    /// The opening quote is read. Inside `${ }` quotes and newlines belong to the string.
    fn string(&mut self) -> Result<String, ParseError> {
        let mut out = String::new();
        let mut braces = 0usize;
        loop {
            let Some(c) = self.read() else {
                return Err(self.error("literal not terminated"));
            };
            match c {
                '\n' if braces == 0 => return Err(self.error("literal not terminated")),
                '"' if braces == 0 => return Ok(out),
                '\\' if braces == 0 => out.push(self.escape()?),
                '$' if braces == 0 && self.peek() == Some('{') => {
                    out.push_str("${");
                    self.read();
                    braces = 1;
                }
                _ => {
                    match c {
                        '{' if braces > 0 => braces += 1,
                        '}' if braces > 0 => braces -= 1,
                        _ => {}
                    }
                    out.push(c);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let (escaped, length) = unescape(&self.text[self.offset..]);
        for _ in 0..length {
            self.read();
        }
        escaped.ok_or_else(|| self.error("illegal char escape"))
    }

    /// The first `<` is read.
    fn heredoc(&mut self) -> Result<String, ParseError> {
        if self.peek() != Some('<') {
            return Err(self.error("heredoc expected second '<', didn't see it"));
        }
        self.read();
        let parsed = heredoc::parse(&self.text[self.offset..]);
        let length = parsed.as_ref().map_or_else(|error| error.length, |heredoc| heredoc.length);
        let end = self.offset + length;
        while self.offset < end {
            self.read();
        }
        match parsed {
            Ok(heredoc) => Ok(heredoc.value),
            Err(error) => Err(self.error(error.message)),
        }
    }

    /// HCL counts the character that ended a word as read when that is the end of the text.
    fn count_lookahead(&mut self) {
        if self.offset == self.text.len() {
            self.column += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.offset..].chars().next()
    }

    fn read(&mut self) -> Option<char> {
        let next = self.peek();
        self.column = self.column.saturating_add(1);
        self.last = Position { line: self.line, column: self.column };
        if let Some(c) = next {
            self.offset += c.len_utf8();
            if c == '\n' {
                self.line = self.line.saturating_add(1);
                self.column = 0;
            }
        }
        next
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::new(self.last, message)
    }
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && c.is_alphabetic())
}
