use serde_json::{Map, Value};

use crate::permissions::{Grants, ParameterRules};

/// Whether the fields of a request are within a rule's conditions. Only top-level fields count,
/// and only strings are compared with globs.
pub(super) fn are_allowed(grants: &Grants, parameters: Option<&Map<String, Value>>) -> bool {
    let has = |name: &String| parameters.is_some_and(|given| given.contains_key(&name.to_lowercase()));
    if !grants.required_parameters.iter().all(has) {
        return false;
    }
    let Some(parameters) = parameters.filter(|given| !given.is_empty()) else {
        return true;
    };
    let is_denied = |rules: &ParameterRules| is_denied(rules, parameters);
    let is_allowed = |rules: &ParameterRules| is_allowed(rules, parameters);
    !grants.denied_parameters.as_ref().is_some_and(is_denied)
        && grants.allowed_parameters.as_ref().is_none_or(is_allowed)
}

fn is_denied(rules: &ParameterRules, parameters: &Map<String, Value>) -> bool {
    rules.contains_key("*")
        || parameters.iter().any(|(name, value)| {
            rules.get(&name.to_lowercase()).is_some_and(|listed| {
                listed.is_empty() || listed.iter().any(|rule| matches(rule, value) || same_number(rule, value))
            })
        })
}

/// `*` allows names that are not listed, whatever its own values are.
fn is_allowed(rules: &ParameterRules, parameters: &Map<String, Value>) -> bool {
    let allows_others = rules.contains_key("*");
    if rules.is_empty() || (allows_others && rules.len() == 1) {
        return true;
    }
    parameters.iter().all(|(name, value)| match rules.get(&name.to_lowercase()) {
        Some(listed) => listed.is_empty() || listed.iter().any(|rule| matches(rule, value)),
        None => allows_others,
    })
}

/// As in Vault, a number in a rule equals no number in a request. Where it would allow something
/// that errs on the safe side; for denials see [`same_number`].
fn matches(rule: &Value, given: &Value) -> bool {
    match (rule, given) {
        (Value::String(glob), Value::String(text)) => glob_matches(glob, text),
        (Value::Bool(rule), Value::Bool(given)) => rule == given,
        (Value::Null, Value::Null) => true,
        (Value::Array(rules), Value::Array(given)) => {
            rules.len() == given.len() && rules.iter().zip(given).all(|(rule, given)| is_same(rule, given))
        }
        (Value::Object(rules), Value::Object(given)) => {
            rules.len() == given.len()
                && rules.iter().all(|(name, rule)| given.get(name).is_some_and(|given| is_same(rule, given)))
        }
        _ => false,
    }
}

/// Inside of lists and objects there are no globs.
fn is_same(rule: &Value, given: &Value) -> bool {
    match (rule, given) {
        (Value::String(rule), Value::String(given)) => rule == given,
        (rule, given) => matches(rule, given),
    }
}

/// A denied number is denied as a number. (Vault lets it pass, which nobody can have meant.)
fn same_number(rule: &Value, given: &Value) -> bool {
    match (rule, given) {
        (Value::Number(rule), Value::Number(given)) => rule == given || rule.as_f64() == given.as_f64(),
        _ => false,
    }
}

/// A `*` at either end of a glob of two characters or more.
fn glob_matches(glob: &str, text: &str) -> bool {
    if glob.len() < 2 {
        return glob == text;
    }
    match (glob.strip_prefix('*'), glob.strip_suffix('*')) {
        (Some(rest), Some(_)) => text.contains(rest.strip_suffix('*').unwrap_or(rest)),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => glob == text,
    }
}

#[cfg(test)]
mod tests {
    use super::glob_matches;

    #[test]
    fn globs() {
        for (glob, text, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("*", "*", true),
            ("*", "x", false),
            ("**", "x", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("*b*", "abc", true),
            ("a*c", "abc", false),
            ("a*c", "a*c", true),
            ("A*", "abc", false),
            ("", "", true),
        ] {
            assert_eq!(glob_matches(glob, text), expected, "{glob} {text}");
        }
    }
}
