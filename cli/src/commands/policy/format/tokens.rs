use super::FormatError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word, a number, a string or a here-document.
    Word,
    Comment,
    Assign,
    Comma,
    Open,
    Close,
    OpenList,
    CloseList,
}

/// A piece of the text, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) last_line: usize,
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FormatError> {
    let mut tokens = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    loop {
        let space = rest.len() - rest.trim_start().len();
        line += newlines(&rest[..space]);
        rest = &rest[space..];
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let error = |what| FormatError::Syntax { line, what };
        let (kind, length) = match first {
            '#' => (Kind::Comment, line_length(rest)),
            '/' if rest.starts_with("//") => (Kind::Comment, line_length(rest)),
            '/' if rest.starts_with("/*") => {
                let end = rest.find("*/").ok_or_else(|| error("a comment has no end"))?;
                (Kind::Comment, end + 2)
            }
            '"' => (Kind::Word, string_length(rest).ok_or_else(|| error("a string has no end"))?),
            '<' if rest.starts_with("<<") => {
                (Kind::Word, here_document_length(rest).ok_or_else(|| error("a here-document has no end"))?)
            }
            '=' | ':' => (Kind::Assign, 1),
            ',' => (Kind::Comma, 1),
            '{' => (Kind::Open, 1),
            '}' => (Kind::Close, 1),
            '[' => (Kind::OpenList, 1),
            ']' => (Kind::CloseList, 1),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "\"#=,{}[]:".contains(c)).unwrap_or(rest.len());
                (Kind::Word, end)
            }
        };
        let piece = &rest[..length];
        let last_line = line + newlines(piece);
        let trimmed = if kind == Kind::Comment { piece.trim_end() } else { piece };
        tokens.push(Token { kind, text: trimmed.to_owned(), line, last_line });
        line = last_line;
        rest = &rest[length..];
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn line_length(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// Up to the closing quote; quotes within `${...}` do not close.
fn string_length(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '$' if characters.peek().is_some_and(|(_, next)| *next == '{') => {
                characters.next();
                depth += 1;
            }
            '{' if depth > 0 => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '"' if depth == 0 => return Some(at + 1),
            '\n' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Up to the line with the closing word, without its line end.
fn here_document_length(text: &str) -> Option<usize> {
    let first = line_length(text);
    let word = text[2..first].trim_start_matches('-').trim();
    if word.is_empty() {
        return None;
    }
    let mut at = first + 1;
    while at < text.len() {
        let length = line_length(&text[at..]);
        if text[at..at + length].trim() == word {
            return Some(at + length);
        }
        at += length + 1;
    }
    None
}
