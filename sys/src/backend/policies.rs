//! `sys/policies/acl`, `sys/policy`: policies as texts.

use coffer_core::Operation::{Delete, List, Patch, Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::policies::{IMMUTABLE, PolicyRecord};
use coffer_core::{Context, Failure, Response, Transaction};
use coffer_policy::{Policy, decode_submitted};
use serde_json::{Map, Value, json};

use super::SystemBackend;

const FIELDS: &[Field] = &[
    Field::new("name", Kind::Text, "Name of the policy; kept in lower case."),
    Field::new("policy", Kind::Text, "The policy in HCL or JSON, plain or in base64."),
    Field::new("rules", Kind::Text, "Old name of policy."),
    Field::new("cas", Kind::Int, "The version that is replaced; -1: there must be none."),
    Field::new("cas_required", Kind::Bool, "Further writes must name the version they replace."),
    Field::new("expiration", Kind::Time, "When the policy ends; not built."),
    Field::new("ttl", Kind::Duration, "After what time the policy ends; not built."),
    Field::new("allow_slashes_in_identity_templates", Kind::Bool, "Values of templates may hold slashes."),
    Field::new("allow_wildcards_in_identity_templates", Kind::Bool, "Values of templates may hold * and +."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("policies/acl/?", &[], "List the policies.").on(List, list_new),
        Route::new("policies/acl/{name...}", FIELDS, "A policy.")
            .on(Read, read_new)
            .on(List, list_new)
            .on(Update, write)
            .on(Patch, patch)
            .on(Delete, delete),
        Route::new("policies/detailed/acl/?", &[], "List the policies with their texts.").on(List, detailed),
        Route::new("policies/detailed/acl/{name...}", FIELDS, "List the policies of a folder with their texts.")
            .on(List, detailed),
        Route::new("policy/?", &[], "List the policies.").on(Read, list_old).on(List, list_old),
        Route::new("policy/{name...}", FIELDS, "A policy.")
            .on(Read, read_old)
            .on(List, list_old)
            .on(Update, write_old)
            .on(Delete, delete),
    ]
}

/// Names below the folder that is listed, those in folders of their own last, as the reference has them. The policy of
/// wrapping tokens is not listed, although they have it.
fn names(tx: &Transaction, folder: &str) -> Result<Vec<String>, Failure> {
    let mut names = PolicyRecord::names(tx)?;
    names.retain(|name| name != "response-wrapping" && name.starts_with(folder));
    names.sort_by_key(|name| name[folder.len()..].contains('/'));
    Ok(names)
}

/// `root` is listed although it has no text.
fn names_and_root(tx: &Transaction, folder: &str) -> Result<Vec<String>, Failure> {
    let mut names = names(tx, folder)?;
    if folder.is_empty() {
        names.push("root".to_owned());
    }
    Ok(names)
}

fn list_new(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    Response::keys(names_and_root(tx, matched.fields.capture("name"))?)
}

fn list_old(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let names = names_and_root(tx, matched.fields.capture("name"))?;
    if names.is_empty() {
        return Err(Failure::NotFound);
    }
    Ok(Response::doubled(json!({ "keys": names, "policies": names })))
}

fn detailed(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let mut names = names(tx, matched.fields.capture("name"))?;
    names.push("root".to_owned());
    let mut info = Map::new();
    for name in &names {
        if let Some(record) = stored(tx, name)? {
            info.insert(name.clone(), view(name, &record));
        }
    }
    Ok(Response::data(json!({ "keys": names, "key_info": info })))
}

fn read_new(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (name, record) = find(backend, cx, matched)?;
    Ok(Response::data(view(&name, &record)))
}

fn read_old(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (name, record) = find(backend, cx, matched)?;
    let mut shown = view(&name, &record);
    if let Value::Object(map) = &mut shown {
        let text = map.remove("policy").unwrap_or_default();
        map.insert("rules".to_owned(), text);
    }
    Ok(Response::doubled(shown))
}

fn view(name: &str, record: &PolicyRecord) -> Value {
    let mut shown = json!({
        "name": name,
        "policy": record.text,
        "version": record.version,
        "cas_required": record.cas_required,
        "allow_slashes_in_identity_templates": record.allow_slashes,
        "allow_wildcards_in_identity_templates": record.allow_wildcards,
    });
    // What comes with the server was never written.
    if !record.modified.is_zero() {
        shown["modified"] = json!(record.modified);
    }
    shown
}

fn find(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
) -> Result<(String, PolicyRecord), Failure> {
    let name = name(matched);
    let (tx, _) = cx.system(backend.access());
    let record = stored(tx, &name)?.ok_or(Failure::NotFound)?;
    Ok((name, record))
}

fn stored(tx: &mut Transaction, name: &str) -> Result<Option<PolicyRecord>, Failure> {
    if name == "root" {
        return Ok(Some(PolicyRecord { version: 0, ..PolicyRecord::new("", coffer_core::Timestamp::ZERO) }));
    }
    if name == "response-wrapping" {
        return Ok(Some(PolicyRecord::new(
            coffer_core::policies::RESPONSE_WRAPPING_POLICY,
            coffer_core::Timestamp::ZERO,
        )));
    }
    PolicyRecord::read(tx, name)
}

fn name(matched: &Matched<'_>) -> String {
    coffer_policy::sanitize_name(matched.fields.capture("name"))
}

fn write(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let text = matched.fields.text_or_empty("policy")?;
    store(backend, cx, matched, &text)
}

/// Old clients send the text as `rules`.
fn write_old(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let text = matched.fields.text_or_empty("policy")?;
    if !text.is_empty() {
        return store(backend, cx, matched, &text);
    }
    let rules = matched.fields.text_or_empty("rules")?;
    Ok(store(backend, cx, matched, &rules)?.warn("'rules' is deprecated, please use 'policy' instead"))
}

fn store(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    given: &str,
) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let name = name(matched);
    let text = check(matched, &name, given)?;
    let now = cx.now();
    let (tx, _) = cx.system(backend.access());
    let old = PolicyRecord::read(tx, &name)?;
    let mut record = PolicyRecord::new(&text, now);
    record.cas_required = fields.flag("cas_required")?.unwrap_or_default();
    record.allow_slashes = fields.flag("allow_slashes_in_identity_templates")?.unwrap_or_default();
    record.allow_wildcards = fields.flag("allow_wildcards_in_identity_templates")?.unwrap_or_default();
    replace(tx, &name, old.as_ref(), record, fields.int("cas")?)?;
    Ok(told(matched, &name))
}

/// Changes what was sent and leaves the rest.
fn patch(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let name = name(matched);
    let now = cx.now();
    let (tx, _) = cx.system(backend.access());
    let old = PolicyRecord::read(tx, &name)?.ok_or_else(|| Failure::NotFoundBecause("policy not found".to_owned()))?;
    let text = match fields.text("policy")? {
        Some(given) => check(matched, &name, &given)?,
        None => check(matched, &name, &old.text)?,
    };
    let mut record = PolicyRecord::new(&text, now);
    record.cas_required = fields.flag("cas_required")?.unwrap_or(old.cas_required);
    record.allow_slashes = fields.flag("allow_slashes_in_identity_templates")?.unwrap_or(old.allow_slashes);
    record.allow_wildcards = fields.flag("allow_wildcards_in_identity_templates")?.unwrap_or(old.allow_wildcards);
    let version = i64::try_from(old.version).unwrap_or(i64::MAX);
    let cas = fields.int("cas")?.unwrap_or(version);
    let (tx, _) = cx.system(backend.access());
    replace(tx, &name, Some(&old), record, Some(cas))?;
    Ok(told(matched, &name))
}

/// The text as it is stored, if it is a policy.
fn check(matched: &Matched<'_>, name: &str, given: &str) -> Result<String, Failure> {
    if given.is_empty() {
        return Err(Failure::invalid("'policy' parameter not supplied or empty"));
    }
    for restricting in ["expiration", "ttl"] {
        if matched.fields.raw(restricting).is_some() {
            return Err(Failure::Invalid(format!(
                "{restricting}: policies that end are not built in coffer; leave {restricting} out"
            )));
        }
    }
    let text = decode_submitted(given);
    Policy::parse(name, &text).map_err(|error| Failure::Invalid(error.to_string()))?;
    refuse_immutable(name, "update")?;
    Ok(text)
}

fn replace(
    tx: &mut Transaction,
    name: &str,
    old: Option<&PolicyRecord>,
    mut record: PolicyRecord,
    cas: Option<i64>,
) -> Result<(), Failure> {
    check_cas(cas, old, record.cas_required)?;
    record.templated = Policy::parse(name, &record.text).is_ok_and(|policy| policy.is_templated());
    record.version = old.map_or(1, |old| old.version + 1);
    record.write(tx, name)
}

fn told(matched: &Matched<'_>, name: &str) -> Response {
    if name == matched.fields.capture("name") {
        return Response::empty();
    }
    Response::empty().warn(format!("policy name was converted to {name}"))
}

fn check_cas(given: Option<i64>, old: Option<&PolicyRecord>, will_be_required: bool) -> Result<(), Failure> {
    let present = old.map_or(0, |old| old.version);
    match given {
        None if will_be_required || old.is_some_and(|old| old.cas_required) => {
            Err(Failure::CheckAndSet("check-and-set parameter required for this call".to_owned()))
        }
        Some(-1) if old.is_some() => {
            Err(Failure::CheckAndSet("check-and-set parameter set to -1 on existing entry".to_owned()))
        }
        Some(wanted) if wanted >= 0 && u64::try_from(wanted).ok() != Some(present) => Err(Failure::CheckAndSet(
            format!("check-and-set parameter {wanted} did not match the current version {present}"),
        )),
        _ => Ok(()),
    }
}

fn delete(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let name = name(matched);
    refuse_immutable(&name, "delete")?;
    if name == "default" {
        return Err(Failure::invalid("cannot delete default policy"));
    }
    let (tx, _) = cx.system(backend.access());
    PolicyRecord::delete(tx, &name);
    Ok(Response::empty())
}

fn refuse_immutable(name: &str, verb: &str) -> Result<(), Failure> {
    if IMMUTABLE.contains(&name) {
        return Err(Failure::Invalid(format!("cannot {verb} {name:?} policy")));
    }
    Ok(())
}
