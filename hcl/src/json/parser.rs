use super::scanner::{Number, Scanner};
use crate::body::{Body, Item, Key, Syntax, Value, ValueKind};
use crate::error::ParseError;
use crate::parse::MAX_DEPTH;

pub(crate) fn parse(text: &str) -> Result<Body, ParseError> {
    let mut scanner = Scanner::new(text);
    let body = object(&mut scanner, 0)?;
    match scanner.peek() {
        None => Ok(body),
        Some(_) => Err(scanner.expected("EOF")),
    }
}

fn object(scanner: &mut Scanner<'_>, depth: usize) -> Result<Body, ParseError> {
    scanner.peek();
    let position = scanner.position();
    scanner.expect('{')?;
    let mut items = Vec::new();
    loop {
        match scanner.peek() {
            Some('}') => break,
            Some('"') => items.push(item(scanner, depth)?),
            _ => return Err(scanner.expected("STRING | RBRACE")),
        }
        if scanner.peek() == Some(',') {
            scanner.expect(',')?;
        } else if scanner.peek() != Some('}') {
            return Err(scanner.expected("COMMA | RBRACE"));
        }
    }
    scanner.expect('}')?;
    Ok(Body { syntax: Syntax::Json, position, items })
}

fn item(scanner: &mut Scanner<'_>, depth: usize) -> Result<Item, ParseError> {
    let position = scanner.position();
    let key = Key { text: scanner.string()?, position };
    scanner.expect(':')?;
    let value = value(scanner, depth)?;
    Ok(Item { key, labels: Vec::new(), value, is_assigned: true })
}

fn value(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, ParseError> {
    let next = scanner.peek();
    let position = scanner.position();
    let kind = match next {
        Some('{' | '[') if depth >= MAX_DEPTH => {
            return Err(scanner.error(format!("objects and lists are nested deeper than {MAX_DEPTH}")));
        }
        Some('{') => ValueKind::Object(object(scanner, depth + 1)?),
        Some('[') => list(scanner, depth + 1)?,
        Some('"') => ValueKind::String(scanner.string()?),
        Some('-' | '0'..='9') => match scanner.number()? {
            Number::Integer(value) => ValueKind::Integer(value),
            Number::Float(value) => ValueKind::Float(value),
        },
        _ if scanner.word("true") => ValueKind::Bool(true),
        _ if scanner.word("false") => ValueKind::Bool(false),
        _ if scanner.word("null") => ValueKind::Null,
        _ => return Err(scanner.expected("a value")),
    };
    Ok(Value { kind, position })
}

fn list(scanner: &mut Scanner<'_>, depth: usize) -> Result<ValueKind, ParseError> {
    scanner.expect('[')?;
    let mut values = Vec::new();
    while scanner.peek() != Some(']') {
        values.push(value(scanner, depth)?);
        if scanner.peek() == Some(',') {
            scanner.expect(',')?;
        } else if scanner.peek() != Some(']') {
            return Err(scanner.expected("COMMA | RBRACK"));
        }
    }
    scanner.expect(']')?;
    Ok(ValueKind::List(values))
}
