//! Values of a path block. Where a key is repeated, lists add up and of single values the last
//! counts, as in Vault.

use std::time::Duration;

use coffer_hcl::{Body, DurationError, Value, ValueKind, parse_duration};

use super::error::PathErrorKind;

pub(super) fn strings(path: &str, body: &Body, key: &str) -> Result<Vec<String>, PathErrorKind> {
    let mut strings = Vec::new();
    for item in body.all(key) {
        match &item.value.kind {
            ValueKind::Null => {}
            ValueKind::List(values) => {
                for value in values {
                    strings.push(string(value).ok_or_else(|| wrong(path, key, value, "a string"))?);
                }
            }
            _ => return Err(wrong(path, key, &item.value, "a list of strings")),
        }
    }
    Ok(strings)
}

pub(super) fn last_string(path: &str, body: &Body, key: &str) -> Result<Option<String>, PathErrorKind> {
    let mut last = None;
    for item in body.all(key) {
        if item.value.kind != ValueKind::Null {
            last = Some(string(&item.value).ok_or_else(|| wrong(path, key, &item.value, "a string"))?);
        }
    }
    Ok(last)
}

pub(super) fn last_integer(path: &str, body: &Body, key: &str) -> Result<Option<i64>, PathErrorKind> {
    let mut last = None;
    for item in body.all(key) {
        last = match &item.value.kind {
            ValueKind::Null => last,
            ValueKind::Integer(value) => Some(*value),
            ValueKind::String(text) => {
                let integer = text.parse();
                Some(integer.map_err(|_| PathErrorKind::Integer { path: path.to_owned(), text: text.clone() })?)
            }
            _ => return Err(wrong(path, key, &item.value, "a whole number")),
        };
    }
    Ok(last)
}

/// Negative durations bound nothing in Vault; they are zero here.
pub(super) fn last_duration(body: &Body, key: &'static str) -> Result<Option<Duration>, PathErrorKind> {
    let mut last = None;
    for item in body.all(key) {
        last = match &item.value.kind {
            ValueKind::Null => last,
            ValueKind::Integer(seconds) => Some(Duration::from_secs(u64::try_from(*seconds).unwrap_or(0))),
            ValueKind::Float(seconds) => Some(Duration::try_from_secs_f64(seconds.trunc()).unwrap_or(Duration::ZERO)),
            ValueKind::String(text) => match parse_duration(text) {
                Ok(duration) => Some(duration),
                Err(DurationError::Negative) => Some(Duration::ZERO),
                Err(_) => return Err(PathErrorKind::Duration { key, text: text.clone() }),
            },
            _ => return Err(PathErrorKind::DurationType { key }),
        };
    }
    Ok(last)
}

pub(super) fn wrong(path: &str, key: &str, value: &Value, wanted: &'static str) -> PathErrorKind {
    PathErrorKind::Type {
        path: path.to_owned(),
        key: key.to_owned(),
        position: value.position,
        wanted,
        found: value.kind.describe(),
    }
}

fn string(value: &Value) -> Option<String> {
    match &value.kind {
        ValueKind::String(text) => Some(text.clone()),
        ValueKind::Integer(value) => Some(value.to_string()),
        ValueKind::Float(value) => Some(value.to_string()),
        _ => None,
    }
}
