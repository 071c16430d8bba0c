//! Mounts as they are shown.

use coffer_core::framework::Matched;
use coffer_core::mount::{Mount, MountConfig, MountKind, Mounts};
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value, json};

use super::super::SystemBackend;
use super::{mount_path, tuned};

pub(super) fn all(backend: &SystemBackend, cx: &mut Context<'_>, kind: MountKind) -> Result<Response, Failure> {
    let (tx, active) = cx.system(backend.access());
    let table = Mounts::read(tx, kind)?;
    let version = &active.settings.version;
    let shown = table.entries.iter().filter(|mount| !mount.tainted);
    let map: Map<String, Value> = shown.map(|mount| (mount.path.clone(), view(mount, version))).collect();
    Ok(Response::doubled(Value::Object(map)))
}

pub(super) fn one(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    kind: MountKind,
) -> Result<Response, Failure> {
    let path = mount_path(matched.fields.capture("path"));
    let (tx, active) = cx.system(backend.access());
    let table = Mounts::read(tx, kind)?;
    let Some(mount) = table.entries.iter().find(|mount| mount.path == path && !mount.tainted) else {
        return Err(Failure::Invalid(match kind {
            MountKind::Secrets => format!("No secret engine mount at {path}"),
            MountKind::Auth => format!("No auth engine at {path}"),
        }));
    };
    Ok(Response::doubled(view(mount, &active.settings.version)))
}

pub(super) fn tuning(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    kind: MountKind,
) -> Result<Response, Failure> {
    let (kind, path) = tuned(matched, kind);
    let (tx, active) = cx.system(backend.access());
    let table = Mounts::read(tx, kind)?;
    let Some(mount) = table.entries.iter().find(|mount| mount.path == path && !mount.tainted) else {
        let path = match kind {
            MountKind::Secrets => path,
            MountKind::Auth => format!("auth/{path}"),
        };
        return Err(Failure::Invalid(format!("cannot fetch sysview for path {path:?}")));
    };
    let limits = active.settings.lease_limits(mount);
    let mut shown = config(&mount.config, kind);
    shown.insert("default_lease_ttl".into(), json!(limits.default.as_secs()));
    shown.insert("max_lease_ttl".into(), json!(limits.max.as_secs()));
    shown.insert("description".into(), json!(mount.description));
    if let Some(options) = mount.options.as_ref().filter(|options| !options.is_empty()) {
        shown.insert("options".into(), json!(options));
    }
    if mount.external_entropy {
        shown.insert("external_entropy_access".into(), json!(true));
    }
    if let Some(Value::Object(lockout)) = shown.remove("user_lockout_config") {
        shown.extend(lockout);
    }
    Ok(Response::doubled(Value::Object(shown)))
}

/// A mount with all that `sys/mounts` tells of it.
pub(in super::super) fn view(mount: &Mount, version: &str) -> Value {
    let mut shown = json!({
        "type": mount.type_name,
        "description": mount.description,
        "accessor": mount.accessor,
        "uuid": mount.uuid,
        "config": config(&mount.config, mount.kind),
        "options": mount.options,
        "local": mount.local,
        "seal_wrap": mount.seal_wrap,
        "external_entropy_access": mount.external_entropy,
        "plugin_version": mount.plugin_version,
        "running_plugin_version": running_version(version),
        "running_sha256": "",
    });
    // Vault says it of what can be mounted, not of what comes with the server.
    if !matches!(mount.type_name.as_str(), "system" | "identity" | "cubbyhole" | "token" | "ns_system") {
        shown["deprecation_status"] = json!("supported");
    }
    shown
}

/// The version text of what is built in.
pub(in super::super) fn running_version(version: &str) -> String {
    let level = version.split('+').next().unwrap_or_default();
    format!("v{level}+builtin.coffer")
}

fn config(config: &MountConfig, kind: MountKind) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("default_lease_ttl".into(), json!(config.default_lease_ttl.as_secs()));
    shown.insert("max_lease_ttl".into(), json!(config.max_lease_ttl.as_secs()));
    shown.insert("force_no_cache".into(), json!(config.force_no_cache));
    if kind == MountKind::Auth {
        shown.insert("token_type".into(), json!(config.token_type.name()));
    }
    let mut list = |name: &str, values: &[String]| {
        if !values.is_empty() {
            shown.insert(name.into(), json!(values));
        }
    };
    list("audit_non_hmac_request_keys", &config.audit_non_hmac_request_keys);
    list("audit_non_hmac_response_keys", &config.audit_non_hmac_response_keys);
    list("passthrough_request_headers", &config.passthrough_request_headers);
    list("allowed_response_headers", &config.allowed_response_headers);
    if !config.listing_visibility.is_unset() {
        shown.insert("listing_visibility".into(), json!(config.listing_visibility));
    }
    if let Some(lockout) = &config.user_lockout_config {
        let lockout = json!({
            "user_lockout_threshold": lockout.lockout_threshold,
            "user_lockout_duration": lockout.lockout_duration.as_secs(),
            "user_lockout_counter_reset_duration": lockout.lockout_counter_reset.as_secs(),
            "user_lockout_disable": lockout.disable_lockout,
        });
        shown.insert("user_lockout_config".into(), lockout);
    }
    shown
}
