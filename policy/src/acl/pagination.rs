use serde_json::Value;

use super::{Access, Denied};
use crate::permissions::Grants;

const LIMIT: &str = "limit";

/// What the `limit` of a listing becomes under a rule; none if it stays as it is.
pub(super) fn limit(grants: &Grants, access: &Access<'_>) -> Result<Option<i64>, Denied> {
    let Some(bound) = grants.pagination_limit else {
        return Ok(unlimited(access));
    };
    let Some(asked) = asked(access) else {
        // A caller that does not know of pages is not to take the first one for all.
        let is_required = grants.required_parameters.iter().any(|name| name.to_lowercase() == LIMIT);
        return if is_required { Err(Denied::Limit) } else { Ok(Some(bound)) };
    };
    if is_max(asked) {
        return Ok(Some(bound));
    }
    match integer(asked) {
        Some(0) => Ok(Some(bound)),
        Some(limit) if (1..=bound).contains(&limit) => Ok(None),
        _ => Err(Denied::Limit),
    }
}

/// `max` without a bound is no limit.
pub(super) fn unlimited(access: &Access<'_>) -> Option<i64> {
    (access.operation.is_listing() && asked(access).is_some_and(is_max)).then_some(0)
}

fn asked<'a>(access: &Access<'a>) -> Option<&'a Value> {
    access.parameters?.get(LIMIT)
}

fn is_max(value: &Value) -> bool {
    value.as_str() == Some("max")
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
