use std::time::Duration;

use super::duration::parse_duration;
use super::error::ReadError;
use super::size::parse_size;
use crate::body::{Body, Value, ValueKind};

const STRING: &str = "a string";
const BOOL: &str = "true or false";
const INTEGER: &str = "a whole number";
const DURATION: &str = "a duration, such as \"30s\", \"1h30m\" or a number of seconds";
const SIZE: &str = "a size, such as \"32mb\" or a number of bytes";
const STRINGS: &str = "a list of strings";

/// Every reader answers `None` for a key that is absent or (JSON) null, and refuses a key that is
/// set twice.
impl Body {
    /// The value of `name`, whatever its type.
    ///
    /// # Errors
    /// The key is set more than once.
    pub fn value(&self, name: &str) -> Result<Option<&Value>, ReadError> {
        let mut items = self.all(name);
        let Some(first) = items.next() else {
            return Ok(None);
        };
        if let Some(again) = items.next() {
            return Err(ReadError::Repeated {
                key: name.to_owned(),
                first: first.key.position,
                again: again.key.position,
            });
        }
        Ok(Some(&first.value).filter(|value| value.kind != ValueKind::Null))
    }

    /// A string; numbers and booleans are taken as they would be written.
    ///
    /// # Errors
    /// The key is repeated or of another type; so for all readers below.
    pub fn string(&self, name: &str) -> Result<Option<String>, ReadError> {
        self.read(name, STRING, |kind| as_string(kind).ok_or(Refusal::Type))
    }

    /// `true`, `"true"`, `1`, `"1"`, `"t"` and so on.
    ///
    /// # Errors
    /// As [`Body::string`].
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, ReadError> {
        self.read(name, BOOL, |kind| match kind {
            ValueKind::Bool(value) => Ok(*value),
            ValueKind::Integer(value) => Ok(*value != 0),
            ValueKind::String(text) => parse_bool(text).ok_or(Refusal::Text),
            _ => Err(Refusal::Type),
        })
    }

    /// `5` or `"5"`.
    ///
    /// # Errors
    /// As [`Body::string`].
    pub fn integer(&self, name: &str) -> Result<Option<i64>, ReadError> {
        self.read(name, INTEGER, |kind| match kind {
            ValueKind::Integer(value) => Ok(*value),
            ValueKind::String(text) => text.trim().parse().map_err(|_| Refusal::Text),
            _ => Err(Refusal::Type),
        })
    }

    /// `"1h30m"`, `"7d"`, `"90"` or `90` (seconds). Negative ones are refused.
    ///
    /// # Errors
    /// As [`Body::string`].
    pub fn duration(&self, name: &str) -> Result<Option<Duration>, ReadError> {
        self.read(name, DURATION, |kind| match kind {
            ValueKind::Integer(seconds) => u64::try_from(*seconds).map(Duration::from_secs).map_err(|_| Refusal::Text),
            ValueKind::Float(seconds) => Duration::try_from_secs_f64(*seconds).map_err(|_| Refusal::Text),
            ValueKind::String(text) => parse_duration(text).map_err(|_| Refusal::Text),
            _ => Err(Refusal::Type),
        })
    }

    /// A number of bytes: `1048576`, `"1mib"`, `"32mb"`.
    ///
    /// # Errors
    /// As [`Body::string`].
    pub fn size(&self, name: &str) -> Result<Option<u64>, ReadError> {
        self.read(name, SIZE, |kind| match kind {
            ValueKind::Integer(bytes) => u64::try_from(*bytes).map_err(|_| Refusal::Text),
            ValueKind::String(text) => parse_size(text).ok_or(Refusal::Text),
            _ => Err(Refusal::Type),
        })
    }

    /// A list of strings, or one string with commas in it. White space around is dropped.
    ///
    /// # Errors
    /// As [`Body::string`].
    pub fn strings(&self, name: &str) -> Result<Option<Vec<String>>, ReadError> {
        self.read(name, STRINGS, |kind| match kind {
            ValueKind::List(values) => values
                .iter()
                .map(|value| as_string(&value.kind).map(|text| text.trim().to_owned()))
                .collect::<Option<_>>()
                .ok_or(Refusal::Text),
            ValueKind::String(text) if text.trim().is_empty() => Ok(Vec::new()),
            ValueKind::String(text) => Ok(text.split(',').map(|part| part.trim().to_owned()).collect()),
            _ => Err(Refusal::Type),
        })
    }

    fn read<T>(
        &self,
        name: &str,
        wanted: &'static str,
        read: impl FnOnce(&ValueKind) -> Result<T, Refusal>,
    ) -> Result<Option<T>, ReadError> {
        let Some(value) = self.value(name)? else {
            return Ok(None);
        };
        let (key, position) = (name.to_owned(), value.position);
        read(&value.kind).map(Some).map_err(|refusal| match refusal {
            Refusal::Type => ReadError::WrongType { key, position, wanted, found: value.kind.describe() },
            Refusal::Text => ReadError::Malformed { key, position, wanted },
        })
    }
}

enum Refusal {
    Type,
    Text,
}

/// The spellings of a boolean that Vault takes; the empty string is false.
#[must_use]
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn as_string(kind: &ValueKind) -> Option<String> {
    match kind {
        ValueKind::String(text) => Some(text.clone()),
        ValueKind::Integer(value) => Some(value.to_string()),
        ValueKind::Float(value) => Some(value.to_string()),
        ValueKind::Bool(value) => Some(value.to_string()),
        ValueKind::Null | ValueKind::List(_) | ValueKind::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn values_are_read_in_the_spellings_that_vault_takes() {
        let body = parse(
            "s = \"x\"\nn = 8200\nt = \"true\"\none = 1\noff = false\nnum = \"12\"\n\
             d = \"1h30m\"\nsec = 90\nsize = \"2mib\"\nl = [\"a\", \"b\",]\nc = \"a, b\"",
        )
        .unwrap();
        assert_eq!(body.string("s").unwrap().as_deref(), Some("x"));
        assert_eq!(body.string("n").unwrap().as_deref(), Some("8200"));
        assert_eq!(body.boolean("t").unwrap(), Some(true));
        assert_eq!(body.boolean("one").unwrap(), Some(true));
        assert_eq!(body.boolean("off").unwrap(), Some(false));
        assert_eq!(body.integer("num").unwrap(), Some(12));
        assert_eq!(body.duration("d").unwrap(), Some(Duration::from_secs(5400)));
        assert_eq!(body.duration("sec").unwrap(), Some(Duration::from_secs(90)));
        assert_eq!(body.size("size").unwrap(), Some(2 * 1024 * 1024));
        let ab = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(body.strings("l").unwrap(), ab);
        assert_eq!(body.strings("c").unwrap(), ab);
        assert_eq!(body.string("absent").unwrap(), None);
        assert_eq!(parse(r#"{"a": null}"#).unwrap().string("a").unwrap(), None);
    }

    #[test]
    fn wrong_values_name_the_key_and_place_but_not_the_value() {
        let body = parse("a = \"hunter2\"\n  b = [1]\nc = 1\nc = 2").unwrap();
        assert_eq!(body.boolean("a").unwrap_err().to_string(), "1:5: \"a\" must be true or false");
        assert_eq!(body.string("b").unwrap_err().to_string(), "2:7: \"b\" must be a string, not a list");
        assert_eq!(body.integer("c").unwrap_err().to_string(), "4:1: \"c\" is already set at 3:1");
        assert!(!format!("{body:?}").contains("hunter2"));
    }
}
