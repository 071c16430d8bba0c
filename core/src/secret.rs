//! Texts and payloads that are wiped when dropped and never printed.

use std::fmt;

use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A token, a password, a key in text form.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretText(Box<str>);

impl SecretText {
    /// Takes the text over.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself. Every use of it is a place to review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Equality whose time tells nothing but the lengths.
    pub fn constant_time_eq(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }

    /// True for the empty text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for SecretText {
    fn default() -> Self {
        Self::new("")
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// A JSON object that may hold secrets: the body of a request, the data of an answer.
#[derive(Clone, Default, PartialEq)]
pub struct Payload(Map<String, Value>);

impl Payload {
    /// The object, to read.
    pub fn map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object, to change.
    pub fn map_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    /// The object itself; wiping is the taker's business from here on.
    pub fn into_map(mut self) -> Map<String, Value> {
        std::mem::take(&mut self.0)
    }
}

impl From<Map<String, Value>> for Payload {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} keys)", self.0.len())
    }
}

/// Overwrites every text in the value. Depth is bounded by the parser that made it.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_is_printed() {
        let mut map = Map::new();
        map.insert("k".into(), json!("hidden"));
        assert!(!format!("{:?} {:?}", SecretText::new("hidden"), Payload::from(map)).contains("hidden"));
    }

    #[test]
    fn wiping_reaches_every_depth() {
        let mut value = json!({"a": ["x", {"b": "y"}], "n": 1});
        wipe(&mut value);
        assert_eq!(value, json!({"a": ["", {"b": ""}], "n": 1}));
    }
}
