//! Tuning.

use std::time::Duration;

use coffer_core::framework::{Matched, parse_duration};
use coffer_core::mount::{MountKind, Mounts, UserLockout};
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value};

use super::super::SystemBackend;
use super::{TUNE_FIELDS, enable, tuned};

pub(super) fn tune(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    kind: MountKind,
) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let (kind, path) = tuned(matched, kind);
    refuse_built_in(matched, kind, &path)?;
    let (tx, active) = cx.system(backend.access());
    let system_max = active.settings.max_lease_ttl;
    let mut table = Mounts::read(tx, kind)?;
    let Some(mount) = table.entries.iter_mut().find(|mount| mount.path == path && !mount.tainted) else {
        let full = match kind {
            MountKind::Secrets => path,
            MountKind::Auth => format!("auth/{path}"),
        };
        return Err(Failure::Invalid(format!("tune of path {full:?} failed: no mount entry found")));
    };
    let config = &mut mount.config;
    for (name, which) in [("default_lease_ttl", Which::Default), ("max_lease_ttl", Which::Max)] {
        let Some(given) = fields.text(name)?.filter(|given| !given.is_empty()) else { continue };
        let span = match given.as_ref() {
            "system" => Duration::ZERO,
            given => parse_duration(given)?,
        };
        match which {
            Which::Default => config.default_lease_ttl = span,
            Which::Max => config.max_lease_ttl = span,
        }
    }
    let max = if config.max_lease_ttl.is_zero() { system_max } else { config.max_lease_ttl };
    if config.default_lease_ttl > max {
        return Err(Failure::Invalid(format!(
            "backend max lease TTL of {} would be less than backend default lease TTL of {}",
            max.as_secs(),
            config.default_lease_ttl.as_secs()
        )));
    }
    if let Some(description) = fields.text("description")? {
        mount.description = description.into_owned();
    }
    if let Some(visibility) = fields.text("listing_visibility")? {
        config.listing_visibility = enable::visibility(&visibility)?;
    }
    if let Some(version) = fields.text("plugin_version")?.filter(|version| !version.is_empty()) {
        return Err(Failure::Invalid(format!(
            "plugin not found in the catalog: {}, version={version}: only the built-in version is to be had",
            mount.type_name
        )));
    }
    if let Some(token_type) = fields.text("token_type")? {
        if kind != MountKind::Auth {
            return Err(Failure::invalid("'token_type' can only be modified on auth mounts"));
        }
        if mount.type_name == "token" {
            return Err(Failure::invalid("'token_type' cannot be set for 'token' or 'ns_token' auth mounts"));
        }
        config.token_type = enable::token_type(&token_type)?;
    }
    for (name, target) in [
        ("audit_non_hmac_request_keys", &mut config.audit_non_hmac_request_keys),
        ("audit_non_hmac_response_keys", &mut config.audit_non_hmac_response_keys),
        ("passthrough_request_headers", &mut config.passthrough_request_headers),
        ("allowed_response_headers", &mut config.allowed_response_headers),
    ] {
        if let Some(values) = fields.list(name)? {
            *target = values;
        }
    }
    if let Some(given) = fields.object("user_lockout_config")?.filter(|given| !given.is_empty()) {
        if !has_lockout(&mount.type_name) {
            return Err(Failure::Invalid(format!(
                "tuning of user lockout configuration for auth type {:?} not allowed",
                mount.type_name
            )));
        }
        config.user_lockout_config = lockout(config.user_lockout_config.take(), given)?;
    }
    let mut response = Response::empty();
    if let Some(options) = fields.pairs("options")? {
        response.warnings.extend(options_changed(mount.options.as_ref(), &options, &mount.type_name)?);
        let merged = mount.options.get_or_insert_default();
        for (name, value) in options {
            // An empty value takes the option away.
            if value.is_empty() {
                merged.remove(&name);
            } else {
                merged.insert(name, value);
            }
        }
        let mount = mount.clone();
        let built = active.mounts.registry().build(&mount)?;
        let now = cx.now();
        let (tx, _) = cx.system(backend.access());
        built.prepare(&mut Context::new(tx, &mount, now, active))?;
    }
    let (tx, _) = cx.system(backend.access());
    Mounts::write(tx, &table)?;
    Ok(response)
}

/// Methods whose logins can be shut.
fn has_lockout(type_name: &str) -> bool {
    matches!(type_name, "userpass" | "ldap" | "approle")
}

/// What came with the server keeps its tuning, but for what the audit shows of it.
fn refuse_built_in(matched: &Matched<'_>, kind: MountKind, path: &str) -> Result<(), Failure> {
    let built_in = ["sys/", "cubbyhole/", "identity/", "audit/"].iter().any(|own| path.starts_with(own));
    if kind != MountKind::Secrets || !built_in {
        return Ok(());
    }
    let kept = |name: &str| !matches!(name, "path" | "audit_non_hmac_request_keys" | "audit_non_hmac_response_keys");
    match TUNE_FIELDS.iter().find(|field| kept(field.name) && matched.fields.body().contains_key(field.name)) {
        Some(field) => Err(Failure::Invalid(format!("cannot tune parameter {} of {path}", field.name))),
        None => Ok(()),
    }
}

enum Which {
    Default,
    Max,
}

type Options = std::collections::BTreeMap<String, String>;

fn options_changed(old: Option<&Options>, new: &Options, type_name: &str) -> Result<Option<String>, Failure> {
    let Some(wanted) = new.get("version").filter(|_| type_name == "kv") else { return Ok(None) };
    let present = old.and_then(|options| options.get("version")).map_or("1", |version| match version.as_str() {
        "" => "1",
        version => version,
    });
    match (present, wanted.as_str()) {
        ("2", "" | "1") => Err(Failure::invalid("cannot downgrade mount from version 2")),
        ("1", "2") => Ok(Some(
            "Upgrading mount from version 1 to version 2. This mount will be unavailable for a brief period and will \
             resume service shortly."
                .to_owned(),
        )),
        _ => Ok(None),
    }
}

/// The lockout after a change; `None` where nothing was said.
pub(super) fn lockout(old: Option<UserLockout>, given: &Map<String, Value>) -> Result<Option<UserLockout>, Failure> {
    let zero = UserLockout {
        lockout_threshold: 0,
        lockout_duration: Duration::ZERO,
        lockout_counter_reset: Duration::ZERO,
        disable_lockout: false,
    };
    if given.is_empty() {
        return Ok(old);
    }
    let mut lockout = old.unwrap_or(zero);
    for (name, value) in given {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            other => other.to_string(),
        };
        let wrong = || match name.as_str() {
            "lockout_threshold" => Failure::Invalid(format!(
                "unable to parse user lockout threshold: strconv.ParseUint: parsing {text:?}: invalid syntax"
            )),
            name => Failure::Invalid(format!("user_lockout_config: {name} has a value that can't be read")),
        };
        match name.as_str() {
            "lockout_threshold" => lockout.lockout_threshold = text.parse().map_err(|_| wrong())?,
            "lockout_duration" => lockout.lockout_duration = parse_duration(&text)?,
            "lockout_counter_reset_duration" => {
                lockout.lockout_counter_reset = parse_duration(&text)?;
            }
            "lockout_disable" => lockout.disable_lockout = text.parse().map_err(|_| wrong())?,
            _ => {}
        }
    }
    Ok(Some(lockout))
}
