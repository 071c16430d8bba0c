use std::fmt;

/// The contents of a file or of an object: items in the order they were written, duplicates kept.
#[derive(Clone, PartialEq)]
pub struct Body {
    pub(crate) syntax: Syntax,
    pub(crate) position: Position,
    pub(crate) items: Vec<Item>,
}

/// Which of the two forms a body was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    Hcl,
    Json,
}

/// `key = value`, or `key "label" { ... }` (then the value is an object).
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub key: Key,
    pub labels: Vec<Key>,
    pub value: Value,
    /// Written with `=` (or in JSON), not as a block.
    pub is_assigned: bool,
}

/// A key or label, quoted or bare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub position: Position,
}

/// A value and where it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    pub kind: ValueKind,
    pub position: Position,
}

#[derive(Clone, PartialEq)]
pub enum ValueKind {
    /// JSON only.
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(String),
    List(Vec<Value>),
    Object(Body),
}

/// A place in the text. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// One block of a name: `listener "tcp" { ... }`, or the same in the JSON forms
/// `"listener": {"tcp": {...}}` and `"listener": [{"tcp": {...}}]`.
#[derive(Debug, Clone)]
pub struct Block<'a> {
    pub key: &'a Key,
    pub labels: Vec<&'a Key>,
    pub body: &'a Body,
}

impl Body {
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    #[must_use]
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The items whose key is `name`, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Item> {
        self.items.iter().filter(move |item| item.key.text == name)
    }
}

impl Block<'_> {
    /// The first label, if the block has one.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.labels.first().map(|label| label.text.as_str())
    }

    /// Where the block's key stands.
    #[must_use]
    pub fn position(&self) -> Position {
        self.key.position
    }
}

impl ValueKind {
    /// What the value is, in words for an error message.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl Position {
    pub const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.items).finish()
    }
}

/// A setting can be a secret (a seal's token), so scalars are not shown.
impl fmt::Debug for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(values) => f.debug_list().entries(values).finish(),
            Self::Object(body) => body.fmt(f),
            scalar => f.write_str(scalar.describe()),
        }
    }
}
