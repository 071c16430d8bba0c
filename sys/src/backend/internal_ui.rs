//! `sys/internal/ui`: what a caller sees of the server; the CLI asks it for the mount behind a path.

use std::sync::Arc;
use std::time::Duration;

use coffer_core::Operation::Read;
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::mount::{ListingVisibility, Mount, MountKind};
use coffer_core::token::Caller;
use coffer_core::{Context, Failure, Response};
use coffer_policy::{ParameterRules, Permissions, ResultantRule};
use serde_json::{Map, Value, json};

use super::{SystemBackend, mounts};

const MOUNT_FIELDS: &[Field] = &[Field::new("path", Kind::Text, "A path below a mount.")];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("internal/ui/mounts", &[], "The mounts that the caller may see.").on(Read, all),
        Route::new("internal/ui/mounts/{path...}", MOUNT_FIELDS, "The mount that serves a path.").on(Read, one),
        Route::new("internal/ui/namespaces", &[], "The namespaces: none but the root.").on(Read, namespaces),
        Route::new("internal/ui/resultant-acl", &[], "All that the caller may do.").on(Read, resultant_acl),
    ]
}

/// Callers without a token see what is open to all, and less of it.
fn all(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let caller = caller(matched)?;
    let (_, active) = cx.system(backend.access());
    let (mut secret, mut auth) = (Map::new(), Map::new());
    for mounted in active.mounts.routing().iter() {
        let mount = &mounted.mount;
        if !may_see(caller, mount) {
            continue;
        }
        let shown = match caller {
            Some(_) => mounts::view(mount, &active.settings.version),
            None => json!({ "type": mount.type_name, "description": mount.description, "options": mount.options }),
        };
        match mount.kind {
            MountKind::Secrets => secret.insert(mount.path.clone(), shown),
            MountKind::Auth => auth.insert(mount.path.clone(), shown),
        };
    }
    Ok(Response::data(json!({ "secret": secret, "auth": auth })))
}

/// A mount that there is not is refused in the words for one that the caller may not see: nobody can try names out.
fn one(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let path = matched.fields.capture("path").trim_matches('/');
    let caller = caller(matched)?.ok_or_else(refused)?;
    let (_, active) = cx.system(backend.access());
    let routing = active.mounts.routing();
    let mounted = routing
        .find(&format!("{path}/"))
        .map(|(mounted, _)| Arc::clone(mounted))
        .filter(|mounted| caller.acl.has_any_access_below(&mounted.mount.api_path()));
    let Some(mounted) = mounted else {
        return Err(Failure::DeniedBecause(format!(
            "preflight capability check returned 403, please ensure client's policies grant access to path \"{path}/\""
        )));
    };
    let mut shown = mounts::view(&mounted.mount, &active.settings.version);
    shown["path"] = json!(mounted.mount.path);
    Ok(Response::data(shown))
}

fn namespaces(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    match caller(matched)? {
        Some(_) => Ok(Response::data(json!({}))),
        None => Err(Failure::Fault("client token empty".to_owned())),
    }
}

fn resultant_acl(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let caller = caller(matched)?.ok_or_else(refused)?;
    if caller.acl.is_root() {
        return Ok(Response::data(json!({ "root": true })));
    }
    Ok(Response::data(json!({
        "root": false,
        "exact_paths": rules(caller.acl.exact_rules()),
        "glob_paths": rules(caller.acl.glob_rules()),
    })))
}

fn may_see(caller: Option<&Caller>, mount: &Mount) -> bool {
    mount.config.listing_visibility == ListingVisibility::Unauth
        || caller.is_some_and(|caller| caller.acl.has_any_access_below(&mount.api_path()))
}

/// Who asks. A token that came along and is none is refused, although none is needed.
fn caller<'a>(matched: &Matched<'a>) -> Result<Option<&'a Caller>, Failure> {
    let call = matched.call;
    match call.caller {
        None if call.request.token.as_ref().is_some_and(|token| !token.is_empty()) => Err(refused()),
        caller => Ok(caller),
    }
}

fn refused() -> Failure {
    Failure::DeniedBecause(Failure::Denied.to_string())
}

fn rules(rules: Vec<ResultantRule>) -> Map<String, Value> {
    rules.into_iter().map(|rule| (rule.path, shown(&rule.permissions))).collect()
}

fn shown(permissions: &Permissions) -> Value {
    let mut shown = Map::new();
    shown.insert("capabilities".into(), json!(in_vaults_order(permissions.capability_names())));
    if let Some(grants) = permissions.grants() {
        let mut ttl = |name: &str, ttl: Option<Duration>| {
            if let Some(ttl) = ttl.filter(|ttl| !ttl.is_zero()) {
                shown.insert(name.into(), json!(ttl.as_secs()));
            }
        };
        ttl("min_wrapping_ttl", grants.min_wrapping_ttl);
        ttl("max_wrapping_ttl", grants.max_wrapping_ttl);
        let mut parameters = |name: &str, rules: &Option<ParameterRules>| {
            if let Some(rules) = rules.as_ref().filter(|rules| !rules.is_empty()) {
                shown.insert(name.into(), json!(rules));
            }
        };
        parameters("allowed_parameters", &grants.allowed_parameters);
        parameters("denied_parameters", &grants.denied_parameters);
        if !grants.required_parameters.is_empty() {
            shown.insert("required_parameters".into(), json!(grants.required_parameters));
        }
    }
    Value::Object(shown)
}

/// By name, but those that came later to Vault stand at the end.
fn in_vaults_order(mut names: Vec<&'static str>) -> Vec<&'static str> {
    names.sort_by_key(|name| match *name {
        "patch" => 1,
        "scan" => 2,
        _ => 0,
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_policy::{Acl, Policy};

    #[test]
    fn rules_are_shown_with_their_conditions() {
        let text = r#"path "a/*" { capabilities = ["patch", "read", "update"] min_wrapping_ttl = "90s"
                                     allowed_parameters = { "k" = ["v"] } required_parameters = ["k"] }
                      path "b" { capabilities = ["deny"] }"#;
        let acl = Acl::new([Arc::new(Policy::parse("p", text).unwrap())]);
        assert_eq!(
            Value::Object(rules(acl.glob_rules())),
            json!({"a/": {"capabilities": ["read", "update", "patch"], "min_wrapping_ttl": 90,
                          "allowed_parameters": {"k": ["v"]}, "required_parameters": ["k"]}})
        );
        assert_eq!(Value::Object(rules(acl.exact_rules())), json!({"b": {"capabilities": ["deny"]}}));
    }
}
