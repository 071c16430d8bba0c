use std::fmt;

use zeroize::Zeroizing;

/// A JSON value. Objects from the parser are sorted by key; built ones keep the order given.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// The number's own text.
    Number(String),
    Text(Zeroizing<String>),
    List(Vec<Json>),
    Map(Map),
}

#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Map(Vec<(String, Json)>);

impl Json {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(Zeroizing::new(text.into()))
    }

    pub(crate) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    pub(crate) fn number(number: impl fmt::Display) -> Self {
        Self::Number(number.to_string())
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl Map {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Builds a map in the order given, as a struct's fields are written.
    pub(crate) fn of<const N: usize>(fields: [(&str, Json); N]) -> Self {
        Self(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The value, unless it is missing or null.
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        self.entry(key).filter(|value| !value.is_null())
    }

    /// The value, null included.
    pub(crate) fn entry(&self, key: &str) -> Option<&Json> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Json::as_text).unwrap_or_default()
    }

    pub(crate) fn bool(&self, key: &str) -> bool {
        self.get(key).and_then(Json::as_bool).unwrap_or_default()
    }

    pub(crate) fn integer(&self, key: &str) -> i64 {
        self.get(key).and_then(Json::as_integer).unwrap_or_default()
    }

    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        let items = self.get(key).and_then(Json::as_list).unwrap_or_default();
        items.iter().filter_map(Json::as_text).map(str::to_owned).collect()
    }

    /// Replaces the value of an existing key, or adds one at the end.
    pub(crate) fn set(&mut self, key: &str, value: Json) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Json> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(at).1)
    }

    pub(crate) fn sort(&mut self) {
        self.0.sort_by(|(a, _), (b, _)| a.cmp(b));
    }

    pub(crate) fn sorted(mut self) -> Self {
        self.sort();
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// For the parser: sorts, and the last of several equal keys wins.
    pub(super) fn from_parsed(mut entries: Vec<(String, Json)>) -> Self {
        entries.reverse();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|(later, _), (kept, _)| later == kept);
        Self(entries)
    }
}

impl From<Map> for Json {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl FromIterator<(String, Json)> for Map {
    fn from_iter<T: IntoIterator<Item = (String, Json)>>(entries: T) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// Says what the value is, never what it holds.
impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        })
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of {} keys", self.0.len())
    }
}
