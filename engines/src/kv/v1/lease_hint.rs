//! The life that a secret asks for in itself.

use std::time::Duration;

use coffer_core::framework::parse_duration;
use serde_json::{Map, Value};

/// What `ttl`, or else `lease`, says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeaseHint {
    /// Neither is there.
    NotGiven,
    /// One is there and is no span of time: the mount's default counts.
    Unreadable,
    /// So long.
    Given(Duration),
}

/// Looks for the hint in a secret.
pub(super) fn of(data: &Map<String, Value>) -> LeaseHint {
    let Some(value) = data.get("ttl").or_else(|| data.get("lease")) else { return LeaseHint::NotGiven };
    read(value).map_or(LeaseHint::Unreadable, LeaseHint::Given)
}

fn read(value: &Value) -> Option<Duration> {
    match value {
        Value::Null => Some(Duration::ZERO),
        Value::Number(number) => Duration::try_from_secs_f64(number.as_f64()?.max(0.0)).ok(),
        // A negative one is over at once.
        Value::String(text) => match text.strip_prefix('-') {
            Some(rest) => parse_duration(rest).ok().map(|_| Duration::ZERO),
            None => parse_duration(text).ok(),
        },
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

impl LeaseHint {
    pub(super) fn span(self) -> Option<Duration> {
        match self {
            Self::Given(span) => Some(span),
            Self::NotGiven | Self::Unreadable => None,
        }
    }

    pub(super) fn was_given(self) -> bool {
        self != Self::NotGiven
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hint(data: Value) -> LeaseHint {
        of(data.as_object().unwrap())
    }

    #[test]
    fn ttl_goes_before_lease() {
        assert_eq!(hint(json!({"ttl": "1h", "lease": 3})), LeaseHint::Given(Duration::from_secs(3600)));
        assert_eq!(hint(json!({"lease": 7})), LeaseHint::Given(Duration::from_secs(7)));
        assert_eq!(hint(json!({"ttl": null, "lease": "7s"})), LeaseHint::Given(Duration::ZERO));
        assert_eq!(hint(json!({"x": 1})), LeaseHint::NotGiven);
    }

    #[test]
    fn what_is_no_span_leaves_the_default() {
        for value in [json!("abc"), json!(true), json!([1]), json!({})] {
            assert_eq!(hint(json!({"ttl": value})), LeaseHint::Unreadable);
        }
        assert_eq!(hint(json!({"ttl": "-5s"})), LeaseHint::Given(Duration::ZERO));
    }
}
