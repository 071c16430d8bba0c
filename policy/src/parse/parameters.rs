use std::collections::btree_map::Entry;

use coffer_hcl::{Body, Value, ValueKind};
use serde_json::{Map, Value as Json};

use super::error::PathErrorKind;
use super::values::wrong;
use crate::permissions::ParameterRules;

/// `allowed_parameters` and `denied_parameters`: an object of lists. Names are folded to lower
/// case; the values of names that fold to the same add up, an empty list (any value) wins.
pub(super) fn read(path: &str, body: &Body, key: &str) -> Result<Option<ParameterRules>, PathErrorKind> {
    let mut rules: Option<ParameterRules> = None;
    for item in body.all(key) {
        let ValueKind::Object(parameters) = &item.value.kind else {
            return Err(wrong(path, key, &item.value, "an object of lists"));
        };
        if !item.labels.is_empty() {
            return Err(wrong(path, key, &item.value, "an object of lists without a label"));
        }
        let rules = rules.get_or_insert_default();
        for parameter in parameters.items() {
            let values = list(&parameter.value)
                .filter(|_| parameter.labels.is_empty())
                .ok_or_else(|| wrong(path, key, &parameter.value, "an object of lists"))?;
            add(rules, parameter.key.text.to_lowercase(), values);
        }
    }
    Ok(rules)
}

fn add(rules: &mut ParameterRules, name: String, values: Vec<Json>) {
    match rules.entry(name) {
        Entry::Vacant(entry) => {
            entry.insert(values);
        }
        Entry::Occupied(mut entry) if values.is_empty() || entry.get().is_empty() => {
            entry.insert(Vec::new());
        }
        Entry::Occupied(mut entry) => entry.get_mut().extend(values),
    }
}

fn list(value: &Value) -> Option<Vec<Json>> {
    match &value.kind {
        ValueKind::List(values) => Some(values.iter().map(json).collect()),
        ValueKind::Object(_) => Some(vec![json(value)]),
        _ => None,
    }
}

fn json(value: &Value) -> Json {
    match &value.kind {
        ValueKind::Null => Json::Null,
        ValueKind::Bool(value) => (*value).into(),
        ValueKind::Integer(value) => (*value).into(),
        ValueKind::Float(value) => (*value).into(),
        ValueKind::String(text) => text.clone().into(),
        ValueKind::List(values) => values.iter().map(json).collect(),
        ValueKind::Object(body) => {
            let members = body.items().iter().map(|item| (item.key.text.clone(), json(&item.value)));
            Json::Object(members.collect::<Map<_, _>>())
        }
    }
}
