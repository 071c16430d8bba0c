//! `sys/locked-users`: names whose logins are shut after too many failures.

use std::collections::BTreeMap;

use coffer_core::Operation::{Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Response};
use serde_json::{Value, json};

use super::SystemBackend;

const LIST_FIELDS: &[Field] = &[Field::new("mount_accessor", Kind::Text, "Only those of this mount.")];

const UNLOCK_FIELDS: &[Field] = &[
    Field::new("mount_accessor", Kind::Text, "The auth method."),
    Field::new("alias_identifier", Kind::Text, "The name that is locked."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("locked-users", LIST_FIELDS, "Names that can't log in for now.").on(Read, list),
        Route::new("locked-users/{mount_accessor}/unlock/{alias_identifier...}", UNLOCK_FIELDS, "Let a name log in.")
            .on(Update, unlock),
    ]
}

fn list(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let only = matched.fields.text_or_empty("mount_accessor")?;
    let now = cx.now();
    let (_, active) = cx.system(backend.access());
    let routing = active.mounts.routing();
    let mounts = routing.iter().map(|mounted| &mounted.mount);
    let locked = active.lockouts.locked(mounts, now);
    let shown = by_accessor(locked.into_iter().filter(|(accessor, _)| only.is_empty() || **accessor == *only), &only);
    let total: usize = shown.iter().map(|(_, names)| names.len()).sum();
    let accessors: Vec<Value> = shown
        .into_iter()
        .map(|(accessor, names)| {
            // Go's way to write an empty list that nobody made.
            let shown = if names.is_empty() { Value::Null } else { json!(names) };
            json!({ "mount_accessor": accessor, "counts": names.len(), "alias_identifiers": shown })
        })
        .collect();
    let root = json!({ "namespace_id": "root", "namespace_path": "", "counts": total, "mount_accessors": accessors });
    Ok(Response::data(json!({ "by_namespace": [root], "total": total })))
}

/// Most locked names first. An accessor that was asked for is there even where nobody is locked.
fn by_accessor(locked: impl Iterator<Item = (String, String)>, asked: &str) -> Vec<(String, Vec<String>)> {
    let mut accessors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if !asked.is_empty() {
        accessors.insert(asked.to_owned(), Vec::new());
    }
    for (accessor, name) in locked {
        accessors.entry(accessor).or_default().push(name);
    }
    let mut accessors: Vec<_> = accessors.into_iter().collect();
    accessors.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    accessors
}

/// A name that is not locked is no error.
fn unlock(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (accessor, name) = (matched.fields.capture("mount_accessor"), matched.fields.capture("alias_identifier"));
    let (_, active) = cx.system(backend.access());
    active.lockouts.forget(accessor, name);
    Ok(Response::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_locked_names_come_first() {
        let pair = |accessor: &str, name: &str| (accessor.to_owned(), name.to_owned());
        let locked = [pair("a", "x"), pair("b", "y"), pair("b", "z")];
        let shown = by_accessor(locked.into_iter(), "");
        assert_eq!(shown, [("b".to_owned(), vec!["y".to_owned(), "z".to_owned()]), ("a".into(), vec!["x".into()])]);
        assert_eq!(by_accessor([].into_iter(), "c"), [("c".to_owned(), vec![])]);
    }
}
