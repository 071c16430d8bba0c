//! The query string.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Its parameters in order, decoded.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// A parameter that is no boolean.
#[derive(Debug)]
pub(crate) struct NotAFlag;

impl Query {
    pub(crate) fn parse(raw: Option<&str>) -> Self {
        let pairs = raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v))).collect(),
        )
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A boolean; false when absent or empty.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, NotAFlag> {
        match self.value(name) {
            None | Some("" | "0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some(_) => Err(NotAFlag),
        }
    }

    /// The parameters as a request's data; one given several times becomes a list. Those that steer the request itself are
    /// left out.
    pub(crate) fn into_data(self) -> Map<String, Value> {
        let mut data = Map::new();
        for (key, value) in self.0 {
            if matches!(key.as_str(), "list" | "scan" | "help") {
                continue;
            }
            match data.get_mut(&key) {
                None => drop(data.insert(key, Value::String(value))),
                Some(Value::Array(values)) => values.push(Value::String(value)),
                Some(first) => *first = Value::Array(vec![first.take(), Value::String(value)]),
            }
        }
        data
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_become_data() {
        let query = Query::parse(Some("version=2&list=true&a=x+y&b=1&b=2"));
        assert!(query.flag("list").unwrap());
        assert_eq!(Value::Object(query.into_data()), json!({"version": "2", "a": "x y", "b": ["1", "2"]}));
    }

    #[test]
    fn a_flag_is_a_boolean() {
        assert!(Query::parse(Some("list=maybe")).flag("list").is_err());
        assert!(!Query::parse(None).flag("list").unwrap());
    }
}
