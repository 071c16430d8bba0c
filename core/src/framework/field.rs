//! A parameter of a path, and what its values may be.

/// A named parameter.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name in the body, the query or the pattern.
    pub name: &'static str,
    /// What its values may be.
    pub kind: Kind,
    /// One sentence for path help.
    pub about: &'static str,
}

/// Vault's field types, as far as they are used, with what each accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text; numbers and booleans are taken as their text.
    Text,
    /// A text, lower-cased and trimmed.
    LowerText,
    /// A whole number, or its text.
    Int,
    /// A boolean, a number, or "true", "1", "t" and so on.
    Bool,
    /// Seconds as a number or text, or Go's `1h30m`, or days `7d`.
    Duration,
    /// [`Kind::Duration`] that may be negative.
    SignedDuration,
    /// RFC 3339 or seconds since 1970.
    Time,
    /// A JSON object.
    Map,
    /// A list of texts, or one text that is split at commas.
    CommaList,
    /// A list of texts; a single text is a list of one.
    List,
    /// A list of whole numbers, or one text that is split at commas.
    IntList,
    /// An object of texts, or a list of `k=v`, or a JSON object in a text.
    Pairs,
    /// Anything; the handler looks itself.
    Any,
}

impl Field {
    /// Shorthand for tables.
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, kind, about }
    }
}
