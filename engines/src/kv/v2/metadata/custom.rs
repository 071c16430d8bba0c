//! `custom_metadata`: names and texts that users keep with a key.

use std::collections::BTreeMap;

use coffer_core::Failure;
use serde_json::{Map, Value};

const MAX_KEYS: usize = 64;
const MAX_KEY_LEN: usize = 128;
const MAX_VALUE_LEN: usize = 512;

/// What a write sets: checked, and its values as texts.
pub(super) fn to_write(sent: &Map<String, Value>) -> Result<BTreeMap<String, String>, Failure> {
    let texts = sent.iter().map(|(key, value)| Ok((key.clone(), text(value)?))).collect::<Result<_, Failure>>()?;
    check(&texts)?;
    Ok(texts)
}

/// What a patch changes: `None` removes.
pub(super) fn to_patch(sent: &Map<String, Value>) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let kept: Map<String, Value> =
        sent.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone())).collect();
    to_write(&kept)?;
    let change = |(key, value): (&String, &Value)| match value {
        Value::Null => Ok((key.clone(), None)),
        Value::String(text) => Ok((key.clone(), Some(text.clone()))),
        _ => Err(Failure::Fault("custom_metadata: the values of a patch have to be texts".to_owned())),
    };
    sent.iter().map(change).collect()
}

fn text(value: &Value) -> Result<String, Failure> {
    let kind = match value {
        Value::String(text) => return Ok(text.clone()),
        Value::Number(number) => return Ok(number.to_string()),
        Value::Bool(flag) => return Ok(if *flag { "1" } else { "0" }.to_owned()),
        Value::Null => return Ok(String::new()),
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    Err(invalid(&format!("'' expected type 'string', got unconvertible type '{kind}'")))
}

/// Tells of everything that is wrong, not of the first alone. Values are not quoted; keys are, escaped.
fn check(custom: &BTreeMap<String, String>) -> Result<(), Failure> {
    if custom.len() > MAX_KEYS {
        return Err(invalid_list(&[format!(
            "payload must contain at most {MAX_KEYS} keys, provided {}",
            custom.len()
        )]));
    }
    let mut wrong = Vec::new();
    for (key, value) in custom {
        if key.is_empty() || key.len() > MAX_KEY_LEN {
            let len = key.len();
            wrong.push(format!("length of key {key:?} is {len} but must be 0 < len(key) <= {MAX_KEY_LEN}"));
        }
        if value.is_empty() || value.len() > MAX_VALUE_LEN {
            let len = value.len();
            wrong.push(format!(
                "length of value for key {key:?} is {len} but must be 0 < len(value) <= {MAX_VALUE_LEN}"
            ));
        }
        if !is_printable(key) {
            wrong.push(format!("key {key:?} ({key}) contains unprintable characters"));
        }
        if !is_printable(value) {
            wrong.push(format!("value for key {key:?} contains unprintable characters"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(invalid_list(&wrong)) }
}

/// No control characters and no invisible separators but the plain space.
fn is_printable(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || !(c.is_control() || c.is_whitespace()))
}

fn invalid(wrong: &str) -> Failure {
    Failure::Invalid(format!("custom_metadata validation failed: {wrong}"))
}

/// In the words of Go's multierror.
fn invalid_list(wrong: &[String]) -> Failure {
    let count = if wrong.len() == 1 { "1 error".to_owned() } else { format!("{} errors", wrong.len()) };
    let lines: String = wrong.iter().map(|wrong| format!("\t* custom_metadata validation failed: {wrong}\n")).collect();
    Failure::Invalid(format!("{count} occurred:\n{lines}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(sent: Value) -> Result<BTreeMap<String, String>, String> {
        to_write(sent.as_object().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn simple_values_become_texts() {
        let custom = write(json!({"a": 1, "b": true, "c": 1.5, "d": "x y"})).unwrap();
        assert_eq!(custom.into_values().collect::<Vec<_>>(), ["1", "1", "1.5", "x y"]);
        assert!(write(json!({"a": {"deep": 1}})).unwrap_err().contains("map[string]interface {}"));
        assert!(write(json!({"a": []})).unwrap_err().contains("[]interface {}"));
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let error = write(json!({"": "x", "k": "", "bad\u{1}": "v", "z": "bad\u{2}"})).unwrap_err();
        assert!(error.starts_with("4 errors occurred:\n\t* custom_metadata validation failed: "), "{error}");
        assert!(!error.contains("bad\u{2}"), "{error}");
        let many: Map<String, Value> = (0..65).map(|n| (n.to_string(), json!("v"))).collect();
        assert!(write(Value::Object(many)).unwrap_err().contains("at most 64 keys, provided 65"));
        assert!(write(json!({"k": "v".repeat(513)})).is_err());
        assert!(write(json!({"k".repeat(129): "v"})).is_err());
        assert!(write(json!({"k".repeat(128): "v".repeat(512)})).is_ok());
    }

    #[test]
    fn a_patch_may_remove() {
        let patch = to_patch(json!({"k": null, "z": "1"}).as_object().unwrap()).unwrap();
        assert_eq!(patch, BTreeMap::from([("k".to_owned(), None), ("z".to_owned(), Some("1".to_owned()))]));
        assert!(to_patch(json!({"z": 1}).as_object().unwrap()).is_err());
    }
}
