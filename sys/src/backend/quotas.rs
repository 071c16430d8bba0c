//! `sys/quotas`: rate limits for the server, a mount, a path or the logins of a role.

use std::sync::Arc;
use std::time::Duration;

use coffer_core::Operation::{Delete, List, Read, Update};
use coffer_core::active::Active;
use coffer_core::framework::{Field, Fields, Kind, Matched, Route};
use coffer_core::mount::MountKind;
use coffer_core::quota::{QuotaConfig, RateLimit};
use coffer_core::{Context, Failure, Response};
use serde_json::{Value, json};

use super::SystemBackend;

const CONFIG_FIELDS: &[Field] = &[
    Field::new("rate_limit_exempt_paths", Kind::List, "Paths that no quota covers, by their beginnings."),
    Field::new("enable_rate_limit_audit_logging", Kind::Bool, "Audit requests that a quota refused."),
    Field::new("enable_rate_limit_response_headers", Kind::Bool, "Tell in headers what is left."),
];

const QUOTA_FIELDS: &[Field] = &[
    Field::new("name", Kind::Text, "Name of the quota."),
    Field::new("type", Kind::Text, "Always rate-limit."),
    Field::new("path", Kind::Text, "A mount, or a path below one, with * at its end for all that begin so."),
    Field::new("role", Kind::Text, "Only logins of this role; the path must be an auth method with roles."),
    Field::new("rate", Kind::Any, "Requests an interval; above zero."),
    Field::new("interval", Kind::Duration, "The interval, one second by default."),
    Field::new("block_interval", Kind::Duration, "How long an address that went beyond the rate is refused."),
    Field::new("inheritable", Kind::Bool, "For namespaces, which there are none of."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("quotas/config", CONFIG_FIELDS, "What holds for all quotas.")
            .on(Read, config)
            .on(Update, set_config),
        Route::new("quotas/rate-limit/?", &[], "List the quotas.").on(List, list),
        Route::new("quotas/rate-limit/{name}", QUOTA_FIELDS, "A quota.")
            .on(Read, read)
            .on(Update, write)
            .on(Delete, delete),
    ]
}

fn config(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let config = QuotaConfig::read(tx)?;
    Ok(Response::data(json!({
        "enable_rate_limit_audit_logging": config.enable_rate_limit_audit_logging,
        "enable_rate_limit_response_headers": config.enable_rate_limit_response_headers,
        "rate_limit_exempt_paths": config.rate_limit_exempt_paths,
    })))
}

/// What is not sent is off and empty afterwards, as in Vault.
fn set_config(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let config = QuotaConfig {
        enable_rate_limit_audit_logging: fields.flag("enable_rate_limit_audit_logging")?.unwrap_or_default(),
        enable_rate_limit_response_headers: fields.flag("enable_rate_limit_response_headers")?.unwrap_or_default(),
        rate_limit_exempt_paths: fields.list("rate_limit_exempt_paths")?.unwrap_or_default(),
    };
    let (tx, _) = cx.system(backend.access());
    config.write(tx)?;
    Ok(Response::empty())
}

fn list(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    Response::keys(RateLimit::names(tx)?)
}

fn read(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let quota = RateLimit::read(tx, matched.fields.capture("name"))?.ok_or(Failure::NotFound)?;
    Ok(Response::data(json!({
        "type": "rate-limit",
        "name": quota.name,
        "path": format!("{}{}", quota.mount_path, quota.path_suffix),
        "role": quota.role,
        "rate": number(quota.rate),
        "interval": quota.interval.as_secs(),
        "block_interval": quota.block_interval.as_secs(),
        "inheritable": quota.inheritable,
    })))
}

fn write(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let name = fields.capture("name");
    let rate = rate(fields)?;
    let interval = fields.duration("interval")?.filter(|span| !span.is_zero()).unwrap_or(Duration::from_secs(1));
    let role = fields.text_or_empty("role")?.into_owned();
    let path = fields.text_or_empty("path")?;
    let (tx, active) = cx.system(backend.access());
    let (mount_path, path_suffix) = place(active, &path)?;
    if !role.is_empty() {
        refuse_role(active, &mount_path, &path_suffix)?;
    }
    let inheritable = fields.flag("inheritable")?.unwrap_or(mount_path.is_empty());
    let mut quota = RateLimit {
        id: uuid::Uuid::new_v4().to_string(),
        kind: "rate-limit".to_owned(),
        name: name.to_owned(),
        namespace_path: "root".to_owned(),
        mount_path,
        role,
        path_suffix,
        rate,
        interval,
        block_interval: fields.duration("block_interval")?.unwrap_or_default(),
        inheritable,
    };
    for other in RateLimit::all(tx)? {
        if other.name == name {
            quota.id = other.id;
        } else if other.is_for_the_same(&quota) {
            return Err(Failure::Invalid(format!(
                "quota rule with similar properties exists under the name {:?}",
                other.name
            )));
        }
    }
    quota.write(tx)?;
    Ok(Response::empty())
}

fn delete(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    RateLimit::delete(tx, matched.fields.capture("name"));
    Ok(Response::empty())
}

/// The mount of a path, and what of the path lies below it. Both are empty for the whole server.
fn place(active: &Active, path: &str) -> Result<(String, String), Failure> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok((String::new(), String::new()));
    }
    let path = format!("{}/", path.strip_suffix('/').unwrap_or(path));
    let routing = active.mounts.routing();
    let (mounted, rest) =
        routing.find(&path).ok_or_else(|| Failure::Invalid(format!("invalid mount path {path:?}")))?;
    Ok((mounted.mount.api_path(), rest.trim_end_matches('/').to_owned()))
}

fn refuse_role(active: &Active, mount_path: &str, suffix: &str) -> Result<(), Failure> {
    if !suffix.is_empty() {
        return Err(Failure::invalid(
            "Quotas cannot contain both a path suffix and a role. If a role is provided, path must be a valid auth mount \
             with a concept of roles",
        ));
    }
    let routing = active.mounts.routing();
    let mounted = routing.at(mount_path).filter(|mounted| mounted.mount.kind == MountKind::Auth).map(Arc::clone);
    match mounted {
        None => Err(Failure::Invalid(format!(
            "Mount path {mount_path:?} is not a valid auth method and therefore unsuitable for use with role-based quotas"
        ))),
        Some(mounted) if !mounted.backend.has_login_roles() => {
            Err(Failure::Invalid(format!("Mount path {mount_path:?} does not support use with role-based quotas")))
        }
        Some(_) => Ok(()),
    }
}

fn rate(fields: &Fields<'_>) -> Result<f64, Failure> {
    let wrong = |wrong: &str| {
        Failure::Invalid(format!("Field validation failed: error converting input for field \"rate\": '' {wrong}"))
    };
    let rate = match fields.raw("rate") {
        None => 0.0,
        Some(Value::Number(number)) => number.as_f64().unwrap_or_default(),
        Some(Value::Bool(flag)) => f64::from(u8::from(*flag)),
        Some(Value::String(text)) if text.is_empty() => 0.0,
        Some(Value::String(text)) => {
            text.parse().map_err(|_| wrong("cannot parse value as 'float64': strconv.ParseFloat: invalid syntax"))?
        }
        Some(_) => return Err(wrong("expected type 'float64', got another")),
    };
    // Neither infinite nor no number at all.
    if rate > 0.0 && rate.is_finite() { Ok(rate) } else { Err(Failure::invalid("'rate' is invalid")) }
}

/// Whole numbers without a fraction, as Go prints them.
fn number(rate: f64) -> Value {
    if rate.fract() == 0.0 && rate.abs() < 1e15 { json!(rate as i64) } else { json!(rate) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_shown_as_go_shows_them() {
        assert_eq!((number(5.0), number(5.5)), (json!(5), json!(5.5)));
    }
}
