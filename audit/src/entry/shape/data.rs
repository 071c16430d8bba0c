//! Bodies: whole, elided, as a digest, or as bytes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::{DataForm, Entry};
use crate::entry::hidden::{Hidden, HiddenMap, HiddenValue, Mask, in_order};
use crate::entry::oversized::Digest;
use crate::facts::{Data, RawBody};

/// Data key by key, or its digest.
pub(super) struct Shown<'a> {
    pub(super) entry: &'a Entry<'a>,
    pub(super) data: &'a Data,
    pub(super) mask: Option<Mask<'a>>,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.entry.data {
            DataForm::Full => HiddenMap { map: self.data, mask: self.mask }.serialize(serializer),
            DataForm::Digest => Digest { map: self.data, salt: &self.entry.format.salt }.serialize(serializer),
        }
    }
}

/// A list with the number of its keys in their place.
pub(super) struct Elided<'a> {
    pub(super) data: &'a Data,
    pub(super) mask: Option<Mask<'a>>,
}

impl Serialize for Elided<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        for (key, value) in in_order(self.data) {
            match (key.as_str(), value) {
                ("keys", Value::Array(keys)) => out.serialize_entry(key, &keys.len())?,
                ("key_info", Value::Object(infos)) => out.serialize_entry(key, &infos.len())?,
                _ => out.serialize_entry(key, &HiddenValue::under(key, value, self.mask))?,
            }
        }
        out.end()
    }
}

/// An answer that is no JSON object, under Vault's three keys.
pub(super) struct Raw<'a> {
    pub(super) body: RawBody<'a>,
    pub(super) mask: Option<Mask<'a>>,
}

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let salt = |key: &str| {
            let mask = self.mask.filter(|mask| !mask.clear_keys.iter().any(|clear| clear == key));
            mask.map(|mask| mask.salt)
        };
        let mut out = serializer.serialize_map(Some(3))?;
        let kind = Hidden { text: self.body.content_type, salt: salt("http_content_type") };
        out.serialize_entry("http_content_type", &kind)?;
        let bytes = self.body.bytes;
        match (salt("http_raw_body"), self.mask) {
            (Some(salt), _) => out.serialize_entry("http_raw_body", salt.hide(bytes).as_str())?,
            (None, Some(_)) => {
                out.serialize_entry("http_raw_body", &String::from_utf8_lossy(bytes))?;
            }
            // Go prints bytes in base64; so do devices that log raw.
            (None, None) => {
                out.serialize_entry("http_raw_body", &BASE64_STANDARD.encode(bytes))?;
            }
        }
        out.serialize_entry("http_status_code", &self.body.status)?;
        out.end()
    }
}
