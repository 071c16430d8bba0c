//! Parameters as Go's framework reads them: a `null` counts as sent, with the zero of its kind.

use std::borrow::Cow;

use coffer_core::Failure;
use coffer_core::framework::Fields;
use serde_json::{Map, Value};

/// A whole number; 0 for `null`.
pub(super) fn sent_int(fields: &Fields<'_>, name: &str) -> Result<Option<i64>, Failure> {
    Ok(fields.int(name)?.or_else(|| fields.has(name).then_some(0)))
}

/// A boolean; false for `null`.
pub(super) fn sent_flag(fields: &Fields<'_>, name: &str) -> Result<Option<bool>, Failure> {
    Ok(fields.flag(name)?.or_else(|| fields.has(name).then_some(false)))
}

/// An object, or that none is wanted.
pub(super) enum SentMap<'a> {
    Object(Cow<'a, Map<String, Value>>),
    Null,
}

/// An object, or `null`.
pub(super) fn sent_map<'a>(fields: &Fields<'a>, name: &str) -> Result<Option<SentMap<'a>>, Failure> {
    Ok(match fields.map(name)? {
        Some(map) => Some(SentMap::Object(map)),
        None => fields.has(name).then_some(SentMap::Null),
    })
}

/// Which version is asked for; `None`: the current one, also where the number is 0 or less.
pub(super) fn wanted_version(fields: &Fields<'_>) -> Result<Option<u64>, Failure> {
    Ok(fields.int("version")?.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0))
}

/// Numbers of versions; none below 1 exists, so those are left out.
pub(super) fn sent_versions(fields: &Fields<'_>, missing: &str) -> Result<Vec<u64>, Failure> {
    let sent = fields.ints("versions")?.unwrap_or_default();
    if sent.is_empty() {
        return Err(Failure::invalid(missing));
    }
    Ok(sent.into_iter().filter_map(|number| u64::try_from(number).ok()).collect())
}

/// A number taken loosely, as in a free-form object; `None` where it is none.
pub(super) fn loose_int(value: &Value) -> Option<i64> {
    match value {
        Value::Null => Some(0),
        Value::Bool(flag) => Some(i64::from(*flag)),
        Value::Number(number) => number.as_i64(),
        Value::String(text) if text.is_empty() => Some(0),
        Value::String(text) => text.parse().ok(),
        Value::Array(_) | Value::Object(_) => None,
    }
}
