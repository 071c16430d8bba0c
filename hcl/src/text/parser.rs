use super::scanner::Scanner;
use super::token::{Token, TokenKind};
use crate::body::{Body, Item, Key, Position, Syntax, Value, ValueKind};
use crate::error::ParseError;
use crate::parse::MAX_DEPTH;

pub(crate) fn parse(text: &str) -> Result<Body, ParseError> {
    let mut parser = Parser { scanner: Scanner::new(text), peeked: None };
    let items = parser.items(Within::File, 0)?;
    Ok(body(Position::START, items))
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    peeked: Option<Token>,
}

#[derive(Clone, Copy, PartialEq)]
enum Within {
    File,
    Object,
}

impl Parser<'_> {
    fn items(&mut self, within: Within, depth: usize) -> Result<Vec<Item>, ParseError> {
        let mut items = Vec::new();
        loop {
            let next = &self.peek()?.kind;
            if *next == TokenKind::Eof || (within == Within::Object && *next == TokenKind::RightBrace) {
                return Ok(items);
            }
            items.push(self.item(depth)?);
            // Items may be separated by commas; white space alone does too.
            if self.peek()?.kind == TokenKind::Comma {
                self.next()?;
            }
        }
    }

    fn item(&mut self, depth: usize) -> Result<Item, ParseError> {
        let (keys, written) = self.keys()?;
        let after = self.next()?;
        let is_assigned = after.kind == TokenKind::Assign;
        let value = match after.kind {
            TokenKind::Assign => self.value(depth)?,
            TokenKind::LeftBrace => self.object(after.position, depth)?,
            _ => {
                return Err(ParseError::new(
                    after.position,
                    format!("key '{}' expected start of object ('{{') or assignment ('=')", written.join(" ")),
                ));
            }
        };
        let mut keys = keys.into_iter();
        match keys.next() {
            Some(key) => Ok(Item { key, labels: keys.collect(), value, is_assigned }),
            None => Err(ParseError::new(after.position, "no object keys found!")),
        }
    }

    /// The keys before a value, and how they were written.
    fn keys(&mut self) -> Result<(Vec<Key>, Vec<String>), ParseError> {
        let mut keys = Vec::new();
        let mut written = Vec::new();
        loop {
            let next = self.peek()?;
            let position = next.position;
            match &next.kind {
                TokenKind::Ident(text) => {
                    written.push(text.clone());
                    keys.push(Key { text: text.clone(), position });
                }
                TokenKind::String(text) => {
                    written.push(format!("\"{text}\""));
                    keys.push(Key { text: text.clone(), position });
                }
                TokenKind::Assign if keys.is_empty() => {
                    return Err(ParseError::new(position, "no object keys found!"));
                }
                TokenKind::Assign if keys.len() > 1 => {
                    return Err(ParseError::new(position, "nested object expected: LBRACE got: ASSIGN"));
                }
                TokenKind::LeftBrace if keys.is_empty() => {
                    return Err(ParseError::new(position, "expected: IDENT | STRING got: LBRACE"));
                }
                TokenKind::Assign | TokenKind::LeftBrace | TokenKind::Eof => {
                    return Ok((keys, written));
                }
                TokenKind::RightBrace if !keys.is_empty() => return Ok((keys, written)),
                other => {
                    let message = format!("expected: IDENT | STRING | ASSIGN | LBRACE got: {}", other.name());
                    return Err(ParseError::new(position, message));
                }
            }
            self.next()?;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, ParseError> {
        let token = self.next()?;
        let position = token.position;
        let kind = match token.kind {
            TokenKind::Bool(value) => ValueKind::Bool(value),
            TokenKind::Number(value) => ValueKind::Integer(value),
            TokenKind::Float(value) => ValueKind::Float(value),
            TokenKind::String(text) | TokenKind::Heredoc(text) => ValueKind::String(text),
            TokenKind::LeftBracket => self.list(position, depth)?,
            TokenKind::LeftBrace => return self.object(position, depth),
            other => {
                let message = format!("Unknown token: {position} {}", other.name());
                let error = ParseError::new(position, message);
                return Err(match &other {
                    TokenKind::Ident(text) => error.with_found(text),
                    _ => error,
                });
            }
        };
        Ok(Value { kind, position })
    }

    /// The opening bracket is read.
    fn list(&mut self, position: Position, depth: usize) -> Result<ValueKind, ParseError> {
        let depth = deeper(position, depth)?;
        let mut values = Vec::new();
        loop {
            let next = self.peek()?;
            match &next.kind {
                TokenKind::RightBracket => {
                    self.next()?;
                    return Ok(ValueKind::List(values));
                }
                TokenKind::Bool(_)
                | TokenKind::Number(_)
                | TokenKind::Float(_)
                | TokenKind::String(_)
                | TokenKind::Heredoc(_)
                | TokenKind::LeftBracket
                | TokenKind::LeftBrace => values.push(self.value(depth)?),
                other => {
                    let message = format!("unexpected token while parsing list: {}", other.name());
                    return Err(ParseError::new(next.position, message));
                }
            }
            let next = self.peek()?;
            match &next.kind {
                TokenKind::Comma => {
                    self.next()?;
                }
                TokenKind::RightBracket => {}
                other => {
                    let message = format!("error parsing list, expected comma or list end, got: {}", other.name());
                    return Err(ParseError::new(next.position, message));
                }
            }
        }
    }

    /// The opening brace is read.
    fn object(&mut self, position: Position, depth: usize) -> Result<Value, ParseError> {
        let items = self.items(Within::Object, deeper(position, depth)?)?;
        let end = self.next()?;
        if end.kind != TokenKind::RightBrace {
            // HCL asks for the end twice before it gives up, which moves its column on by one.
            let position = Position { column: end.position.column.saturating_add(1), ..end.position };
            let message = format!("object expected closing RBRACE got: {}", end.kind.name());
            return Err(ParseError::new(position, message));
        }
        Ok(Value { kind: ValueKind::Object(body(position, items)), position })
    }

    fn peek(&mut self) -> Result<&Token, ParseError> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.scanner.next_token()?,
        };
        Ok(self.peeked.insert(token))
    }

    fn next(&mut self) -> Result<Token, ParseError> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.scanner.next_token(),
        }
    }
}

fn body(position: Position, items: Vec<Item>) -> Body {
    Body { syntax: Syntax::Hcl, position, items }
}

fn deeper(position: Position, depth: usize) -> Result<usize, ParseError> {
    if depth < MAX_DEPTH {
        Ok(depth + 1)
    } else {
        Err(ParseError::new(position, format!("objects and lists are nested deeper than {MAX_DEPTH}")))
    }
}
