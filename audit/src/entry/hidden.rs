//! Texts and data with their strings replaced by HMACs on the way out. Nothing is copied.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use super::timestamp::is_rfc3339;
use crate::salt::Salt;

/// A text that is printed as its HMAC, or, with no salt, as it is.
#[derive(Clone, Copy)]
pub(super) struct Hidden<'a> {
    pub(super) text: &'a str,
    pub(super) salt: Option<&'a Salt>,
}

impl Hidden<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl Serialize for Hidden<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.salt {
            Some(salt) => serializer.serialize_str(salt.hide(self.text.as_bytes()).as_str()),
            None => serializer.serialize_str(self.text),
        }
    }
}

/// What hides the strings of data.
#[derive(Clone, Copy)]
pub(super) struct Mask<'a> {
    pub(super) salt: &'a Salt,
    /// A string is left in clear when the nearest key above it is one of these.
    pub(super) clear_keys: &'a [String],
}

/// A JSON object, keys in order, strings hidden by the mask if there is one.
#[derive(Clone, Copy)]
pub(super) struct HiddenMap<'a> {
    pub(super) map: &'a Map<String, Value>,
    pub(super) mask: Option<Mask<'a>>,
}

impl Serialize for HiddenMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(self.map.len()))?;
        for (key, value) in in_order(self.map) {
            out.serialize_entry(key, &HiddenValue::under(key, value, self.mask))?;
        }
        out.end()
    }
}

/// A value, hidden as its nearest key says.
pub(super) struct HiddenValue<'a> {
    value: &'a Value,
    mask: Option<Mask<'a>>,
    in_clear: bool,
}

impl<'a> HiddenValue<'a> {
    pub(super) fn under(key: &str, value: &'a Value, mask: Option<Mask<'a>>) -> Self {
        let in_clear = mask.is_some_and(|mask| mask.clear_keys.iter().any(|clear| clear == key));
        Self { value, mask, in_clear }
    }
}

impl Serialize for HiddenValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Object(map) => HiddenMap { map, mask: self.mask }.serialize(serializer),
            Value::Array(items) => {
                let mut out = serializer.serialize_seq(Some(items.len()))?;
                for value in items {
                    out.serialize_element(&HiddenValue { value, ..*self })?;
                }
                out.end()
            }
            Value::String(text) => {
                // Vault leaves times in clear wherever they stand.
                let salt = self.mask.filter(|_| !self.in_clear && !is_rfc3339(text));
                Hidden { text, salt: salt.map(|mask| mask.salt) }.serialize(serializer)
            }
            plain => plain.serialize(serializer),
        }
    }
}

/// The entries by key, whichever order the map keeps (a cargo feature of `serde_json` decides).
pub(super) fn in_order(map: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let sorted = (!map.keys().is_sorted()).then(|| {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries
    });
    let unsorted = if sorted.is_some() { None } else { Some(map.iter()) };
    sorted.into_iter().flatten().chain(unsorted.into_iter().flatten())
}
