//! From tokens to items that know their comments and where blank lines were.

use super::FormatError;
use super::tokens::{Kind, Token};

/// How deep values may nest.
const MAX_DEPTH: usize = 64;

pub(super) enum Item {
    /// Comments that belong to nothing: a blank line follows, or the end.
    Comments(Vec<String>),
    Entry(Entry),
}

pub(super) struct Entry {
    /// On the lines right above.
    pub(super) comments: Vec<String>,
    /// `path "a"`, as they stand.
    pub(super) keys: Vec<String>,
    pub(super) assigned: bool,
    pub(super) value: Value,
    /// At the end of the line.
    pub(super) trailing: Option<String>,
    /// Whether it follows the entry before without a blank line.
    pub(super) adjacent: bool,
}

pub(super) enum Value {
    Word(String),
    List { elements: Vec<Element>, broken: bool },
    Object(Vec<Item>),
}

pub(super) struct Element {
    pub(super) comments: Vec<String>,
    pub(super) value: Value,
    pub(super) trailing: Option<String>,
}

pub(super) fn read(tokens: Vec<Token>) -> Result<Vec<Item>, FormatError> {
    let mut reader = Reader { tokens, at: 0 };
    let items = reader.items(0)?;
    match reader.peek() {
        None => Ok(items),
        Some(token) => Err(FormatError::Syntax { line: token.line, what: "this closes nothing" }),
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    /// Items up to the end or a closing brace, which is left.
    fn items(&mut self, depth: usize) -> Result<Vec<Item>, FormatError> {
        if depth > MAX_DEPTH {
            return Err(self.error("too deep"));
        }
        let mut items = Vec::new();
        let mut last_line = None;
        loop {
            let (comments, end) = self.comments();
            let next = self.peek().map(|token| (token.kind, token.line));
            let belongs = matches!((next, end), (Some((Kind::Word, line)), Some(end)) if line <= end + 1);
            let first_comment_line = end.map(|_| self.tokens[self.at - comments.len()].line);
            let (comments, alone) = if belongs { split_groups(comments) } else { (Vec::new(), groups(comments)) };
            items.extend(alone.into_iter().map(Item::Comments));
            match next {
                None | Some((Kind::Close, _)) => return Ok(items),
                Some((Kind::Comma, _)) => self.at += 1,
                Some((Kind::Word, line)) => {
                    let start = if comments.is_empty() { line } else { first_comment_line.unwrap_or(line) };
                    let adjacent = last_line.is_some_and(|last| start == last + 1 || start == last);
                    let entry = self.entry(comments, adjacent, depth)?;
                    last_line = self.at.checked_sub(1).map(|at| self.tokens[at].last_line);
                    items.push(Item::Entry(entry));
                }
                Some(_) => return Err(self.error("a key was expected")),
            }
        }
    }

    fn entry(&mut self, comments: Vec<String>, adjacent: bool, depth: usize) -> Result<Entry, FormatError> {
        let mut keys = Vec::new();
        while let Some(token) = self.peek().filter(|token| token.kind == Kind::Word) {
            keys.push(token.text.clone());
            self.at += 1;
        }
        let assigned = self.eat(Kind::Assign);
        let value = self.value(depth)?;
        // A comma after an entry says nothing.
        self.eat(Kind::Comma);
        let trailing = self.trailing();
        Ok(Entry { comments, keys, assigned, value, trailing, adjacent })
    }

    fn value(&mut self, depth: usize) -> Result<Value, FormatError> {
        let Some(token) = self.peek().cloned() else {
            return Err(self.error("a value was expected"));
        };
        self.at += 1;
        match token.kind {
            Kind::Word => Ok(Value::Word(token.text)),
            Kind::Open => {
                let items = self.items(depth + 1)?;
                if self.eat(Kind::Close) { Ok(Value::Object(items)) } else { Err(self.error("a brace is not closed")) }
            }
            Kind::OpenList => self.list(token.line, depth),
            _ => Err(FormatError::Syntax { line: token.line, what: "a value was expected" }),
        }
    }

    fn list(&mut self, start: usize, depth: usize) -> Result<Value, FormatError> {
        if depth > MAX_DEPTH {
            return Err(self.error("too deep"));
        }
        let mut elements: Vec<Element> = Vec::new();
        loop {
            let (comments, _) = self.comments();
            let comments: Vec<String> = comments.into_iter().map(|comment| comment.text).collect();
            match self.peek().map(|token| (token.kind, token.line)) {
                Some((Kind::CloseList, line)) => {
                    self.at += 1;
                    if !comments.is_empty() {
                        return Err(FormatError::Changed);
                    }
                    let commented =
                        elements.iter().any(|element| !element.comments.is_empty() || element.trailing.is_some());
                    return Ok(Value::List { broken: commented || (line > start && !elements.is_empty()), elements });
                }
                None => return Err(self.error("a list is not closed")),
                Some(_) => {}
            }
            let value = self.value(depth + 1)?;
            self.eat(Kind::Comma);
            let trailing = self.trailing();
            elements.push(Element { comments, value, trailing });
        }
    }

    /// Comments from here, and the line that the last of them ends on.
    fn comments(&mut self) -> (Vec<Token>, Option<usize>) {
        let start = self.at;
        while self.peek().is_some_and(|token| token.kind == Kind::Comment) {
            self.at += 1;
        }
        let comments = self.tokens[start..self.at].to_vec();
        let end = comments.last().map(|comment| comment.last_line);
        (comments, end)
    }

    /// A comment on the line of the token before.
    fn trailing(&mut self) -> Option<String> {
        let line = self.tokens.get(self.at.checked_sub(1)?)?.last_line;
        let comment = self.peek().filter(|token| token.kind == Kind::Comment && token.line == line)?.text.clone();
        self.at += 1;
        Some(comment)
    }

    fn eat(&mut self, kind: Kind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == kind);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn error(&self, what: &'static str) -> FormatError {
        let token = self.peek().or(self.tokens.last());
        FormatError::Syntax { line: token.map_or(1, |token| token.line), what }
    }
}

/// Comments set apart by blank lines.
fn groups(comments: Vec<Token>) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut last = None;
    for comment in comments {
        match groups.last_mut() {
            Some(group) if last.is_some_and(|last| comment.line <= last + 1) => group.push(comment.text),
            _ => groups.push(vec![comment.text]),
        }
        last = Some(comment.last_line);
    }
    groups
}

/// The last group, which belongs to what follows, and those before it.
fn split_groups(comments: Vec<Token>) -> (Vec<String>, Vec<Vec<String>>) {
    let mut groups = groups(comments);
    (groups.pop().unwrap_or_default(), groups)
}
