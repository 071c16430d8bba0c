//! Reading the bodies of requests that have no field table, in the words Go's decoder has for wrong types.

use coffer_core::{Failure, Request};
use serde_json::Value;

/// A text; empty when it was not sent.
pub(super) fn text<'r>(request: &'r Request, name: &str, go: &str) -> Result<&'r str, Failure> {
    match value(request, name) {
        None => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(wrong(other, go, name, "string")),
    }
}

/// A whole number; 0 when it was not sent.
pub(super) fn int(request: &Request, name: &str, go: &str) -> Result<i64, Failure> {
    match value(request, name) {
        None => Ok(0),
        Some(number @ Value::Number(_)) => number.as_i64().ok_or_else(|| wrong(number, go, name, "int")),
        Some(other) => Err(wrong(other, go, name, "int")),
    }
}

/// A boolean; false when it was not sent.
pub(super) fn flag(request: &Request, name: &str, go: &str) -> Result<bool, Failure> {
    flag_or(request, name, go, false)
}

/// A boolean; `absent` when it was not sent.
pub(super) fn flag_or(request: &Request, name: &str, go: &str, absent: bool) -> Result<bool, Failure> {
    match value(request, name) {
        None => Ok(absent),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(wrong(other, go, name, "bool")),
    }
}

/// The length of a list; 0 when it was not sent.
pub(super) fn list_len(request: &Request, name: &str, go: &str) -> Result<usize, Failure> {
    match value(request, name) {
        None => Ok(0),
        Some(Value::Array(items)) => Ok(items.len()),
        Some(other) => Err(wrong(other, go, name, "[]string")),
    }
}

fn value<'r>(request: &'r Request, name: &str) -> Option<&'r Value> {
    request.data.map().get(name).filter(|value| !value.is_null())
}

fn wrong(value: &Value, go: &str, name: &str, wanted: &str) -> Failure {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Failure::Invalid(format!(
        "failed to decode JSON input: json: cannot unmarshal {kind} into Go struct field {go}.{name} of type {wanted}"
    ))
}
