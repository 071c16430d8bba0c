//! Mounting.

use std::time::Duration;

use coffer_core::framework::{Matched, parse_duration};
use coffer_core::mount::{ListingVisibility, Mount, MountConfig, MountKind, Mounts};
use coffer_core::{Context, Failure, Response, TokenType};
use serde_json::{Map, Value};

use super::super::SystemBackend;
use super::mount_path;

/// Longest path of a mount.
const MAX_PATH: usize = 1024;

pub(super) fn enable(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    kind: MountKind,
) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let path = mount_path(fields.capture("path"));
    let given = type_name(matched)?;
    let (type_name, version) = match given.as_str() {
        // A type and an option in one.
        "kv-v1" if kind == MountKind::Secrets => ("kv".to_owned(), Some("1")),
        "kv-v2" if kind == MountKind::Secrets => ("kv".to_owned(), Some("2")),
        _ => (given, None),
    };
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    refuse_path(&path, kind)?;
    if matches!(type_name.as_str(), "system" | "cubbyhole" | "identity" | "ns_system" | "token") {
        return Err(Failure::Invalid(format!("mount type of {type_name:?} is not mountable")));
    }
    if !active.mounts.registry().knows(kind, &type_name) {
        return Err(Failure::Invalid(format!("plugin not found in the catalog: {type_name}")));
    }
    if fields.text("plugin_version")?.is_some_and(|version| !version.is_empty()) {
        return Err(Failure::invalid(
            "plugin_version: only the built-in versions are to be had; leave plugin_version out",
        ));
    }
    let mut mount = Mount::new(kind, &path, &type_name);
    mount.description = fields.text_or_empty("description")?.into_owned();
    mount.local = fields.flag("local")?.unwrap_or_default();
    mount.seal_wrap = fields.flag("seal_wrap")?.unwrap_or_default();
    mount.external_entropy = fields.flag("external_entropy_access")?.unwrap_or_default();
    let mut options = fields.pairs("options")?.unwrap_or_default();
    if let Some(version) = version {
        options.insert("version".to_owned(), version.to_owned());
    }
    mount.options = Some(options);
    if let Some(config) = fields.object("config")? {
        mount.config = read_config(config, kind)?;
    }
    if kind == MountKind::Auth && mount.config.token_type == TokenType::Default {
        mount.config.token_type = TokenType::DefaultService;
    }
    let max = active.settings.max_lease_ttl;
    let limits = &mount.config;
    if !limits.max_lease_ttl.is_zero() && limits.default_lease_ttl > limits.max_lease_ttl {
        return Err(Failure::invalid("given default lease TTL greater than given max lease TTL"));
    }
    if limits.max_lease_ttl.is_zero() && limits.default_lease_ttl > max {
        return Err(Failure::Invalid(format!(
            "given default lease TTL greater than system max lease TTL of {}",
            max.as_secs()
        )));
    }
    let mut table = Mounts::read(tx, kind)?;
    if let Some(taken) = conflict(&table.entries, &path) {
        return Err(Failure::Invalid(format!("path is already in use at {taken}")));
    }
    // A backend that can't be built must not get into the table.
    let built = active.mounts.registry().build(&mount)?;
    let mut own = Context::new(tx, &mount, now, active);
    built.prepare(&mut own)?;
    let (tx, _) = cx.system(backend.access());
    active.leases.spare_mount(tx, &mount.api_path(), active.now())?;
    table.entries.push(mount);
    Mounts::write(tx, &table)?;
    Ok(Response::empty())
}

fn type_name(matched: &Matched<'_>) -> Result<String, Failure> {
    let given = matched.fields.text_or_empty("type")?;
    let plugin = matched.fields.text_or_empty("plugin_name")?;
    let configured = matched.fields.object("config")?.and_then(|config| config.get("plugin_name")?.as_str());
    let name = match given.as_ref() {
        "" | "plugin" => configured.unwrap_or(&plugin),
        given => given,
    };
    if name.is_empty() && given == "plugin" {
        return Err(Failure::invalid("plugin_name must be provided for plugin backend"));
    }
    if name.is_empty() {
        return Err(Failure::invalid("backend type must be specified as a string"));
    }
    Ok(match name {
        // Old names for one engine.
        "generic" => "kv".to_owned(),
        name => name.to_owned(),
    })
}

/// A path that the server keeps to itself, or that no request could reach.
fn refuse_path(path: &str, kind: MountKind) -> Result<(), Failure> {
    let reserved = match kind {
        MountKind::Secrets => {
            ["sys/", "auth/", "cubbyhole/", "identity/", "audit/"].iter().any(|own| path.starts_with(own))
        }
        MountKind::Auth => false,
    };
    if reserved || path == "/" {
        return Err(Failure::Invalid(format!("cannot mount {path:?}")));
    }
    if path.len() > MAX_PATH {
        return Err(Failure::Invalid(format!("the path of a mount may have at most {MAX_PATH} bytes")));
    }
    if path.chars().any(char::is_control) {
        return Err(Failure::invalid("the path of a mount may not hold control characters"));
    }
    Ok(())
}

/// The mount that covers the path, or lies below it.
pub(super) fn conflict<'m>(mounts: &'m [Mount], path: &str) -> Option<&'m str> {
    mounts.iter().map(|mount| mount.path.as_str()).find(|taken| path.starts_with(taken) || taken.starts_with(path))
}

fn read_config(given: &Map<String, Value>, kind: MountKind) -> Result<MountConfig, Failure> {
    let mut config = MountConfig::default();
    for (name, value) in given {
        if value.is_null() {
            continue;
        }
        match name.as_str() {
            "default_lease_ttl" => config.default_lease_ttl = ttl(value, "default")?,
            "max_lease_ttl" => config.max_lease_ttl = ttl(value, "max")?,
            "force_no_cache" if kind == MountKind::Secrets => {
                config.force_no_cache = value.as_bool().unwrap_or_default()
            }
            "listing_visibility" => config.listing_visibility = visibility(&text(value, name)?)?,
            "audit_non_hmac_request_keys" => config.audit_non_hmac_request_keys = texts(value, name)?,
            "audit_non_hmac_response_keys" => config.audit_non_hmac_response_keys = texts(value, name)?,
            "passthrough_request_headers" => config.passthrough_request_headers = texts(value, name)?,
            "allowed_response_headers" => config.allowed_response_headers = texts(value, name)?,
            "token_type" if kind == MountKind::Auth => config.token_type = token_type(&text(value, name)?)?,
            "user_lockout_config" if kind == MountKind::Auth => {
                let lockout = value.as_object().ok_or_else(|| wrong(name))?;
                config.user_lockout_config = super::tune::lockout(None, lockout)?;
            }
            // The type says it already.
            "plugin_name" => {}
            _ => {}
        }
    }
    Ok(config)
}

fn ttl(value: &Value, which: &str) -> Result<Duration, Failure> {
    let given = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(Failure::Invalid(format!("unable to parse {which} TTL: not a span of time"))),
    };
    match given.as_str() {
        "" | "system" => Ok(Duration::ZERO),
        given => parse_duration(given)
            .map_err(|failure| Failure::Invalid(format!("unable to parse {which} TTL of {given}: {failure}"))),
    }
}

pub(super) fn visibility(text: &str) -> Result<ListingVisibility, Failure> {
    match text {
        "" => Ok(ListingVisibility::Unset),
        "hidden" => Ok(ListingVisibility::Hidden),
        "unauth" => Ok(ListingVisibility::Unauth),
        other => Err(Failure::Invalid(format!("invalid listing_visibility {other}"))),
    }
}

pub(super) fn token_type(text: &str) -> Result<TokenType, Failure> {
    match text {
        "" | "default-service" => Ok(TokenType::DefaultService),
        "default-batch" => Ok(TokenType::DefaultBatch),
        "service" => Ok(TokenType::Service),
        "batch" => Ok(TokenType::Batch),
        _ => Err(Failure::invalid("invalid value for 'token_type'")),
    }
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(name))
}

fn texts(value: &Value, name: &str) -> Result<Vec<String>, Failure> {
    match value {
        Value::String(text) => {
            Ok(text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect())
        }
        Value::Array(items) => items.iter().map(|item| text(item, name)).collect(),
        _ => Err(wrong(name)),
    }
}

fn wrong(name: &str) -> Failure {
    Failure::Invalid(format!("config: {name} has a value of the wrong type"))
}
