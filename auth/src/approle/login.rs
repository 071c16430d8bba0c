//! Logging in, and whether a login may be renewed.

use std::net::IpAddr;

use coffer_core::framework::{Field, Kind, Matched};
use coffer_core::{Alias, Call, Context, Failure, Grant, Payload, Response};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::AppRole;
use super::role::{self, Role};
use super::secret_id::{self, SecretId};
use crate::{networks, sent};

pub(super) const FIELDS: &[Field] = &[
    Field::new("role_id", Kind::Text, "Role id of the role."),
    Field::new("secret_id", Kind::Text, "A secret id of the role, if it needs one."),
];

const ROLE_NAME: &str = "role_name";

/// The role id of a login, as failures are counted by it.
pub(super) fn role_id(call: &Call<'_>) -> Option<String> {
    let role_id = match call.data().get("role_id")? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        // As the field is read.
        Value::Bool(flag) => u8::from(*flag).to_string(),
        _ => return None,
    };
    (!role_id.is_empty()).then_some(role_id)
}

/// What Vault finds out before it asks the method, when it looks whose login it is, and blames itself for.
pub(super) fn check(call: &Call<'_>) -> Result<(), Failure> {
    for field in ["role_id", "secret_id"] {
        let kind = match call.data().get(field) {
            Some(Value::Array(items)) if !items.is_empty() => "[]interface {}",
            Some(Value::Object(_)) => "map[string]interface {}",
            _ => continue,
        };
        return Err(Failure::fault(format!(
            "Field validation failed: error converting input for field {field:?}: '' expected type 'string', got unconvertible type '{kind}'"
        )));
    }
    match call.data().get("role_id") {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(()),
        Some(Value::Number(_) | Value::Bool(_)) => Ok(()),
        _ => Err(Failure::fault("missing role_id")),
    }
}

impl AppRole {
    pub(super) fn log_in(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let role_id = sent::text(&matched.fields, "role_id")?.unwrap_or_default();
        let role = role::find_by_role_id(cx, role_id.trim())?.ok_or_else(wrong)?;
        let remote = matched.call.request.remote.map(|remote| remote.address);
        let mut used = None;
        if role.bind_secret_id {
            let secret = Zeroizing::new(sent::text(&matched.fields, "secret_id")?.unwrap_or_default());
            used = Some(spend(cx, &role, secret.trim(), remote)?);
        }
        check_source(role.secret_id_bound_cidrs(), remote, "role")?;
        let mut grant = role.token.grant(remote)?;
        if let Some(used) = used {
            bind_token(&mut grant, &role, &used, remote);
            grant.metadata = used.metadata.unwrap_or_default();
        }
        grant.metadata.insert(ROLE_NAME.to_owned(), role.name.clone());
        grant.alias = Some(Alias { name: role.role_id.clone(), metadata: grant.metadata.clone() });
        let internal = Map::from_iter([(ROLE_NAME.to_owned(), Value::String(role.name.clone()))]);
        grant.internal = Payload::from(internal);
        Ok(Response::login(grant))
    }
}

/// Takes one use of a secret id, in the transaction of the login: of two at the same time that take its last use, one is
/// run again and finds it gone.
fn spend(cx: &mut Context<'_>, role: &Role, secret: &str, remote: Option<IpAddr>) -> Result<SecretId, Failure> {
    if secret.is_empty() {
        return Err(Failure::invalid("missing secret_id"));
    }
    let (key, mut found) = secret_id::by_secret(cx, role, secret)?.ok_or_else(wrong)?;
    // The role may have been narrowed since.
    networks::check_within(found.cidrs(), role.secret_id_bound_cidrs())?;
    check_source(found.cidrs(), remote, "secret ID")?;
    match found.secret_id_num_uses {
        ..=0 => {}
        1 => secret_id::remove(cx, role.folder(), &key, &found.secret_id_accessor)?,
        _ => {
            found.secret_id_num_uses -= 1;
            found.last_updated_time = cx.now();
            cx.put_json(&key, &found)?;
        }
    }
    Ok(found)
}

fn check_source(allowed: &[String], remote: Option<IpAddr>, of: &str) -> Result<(), Failure> {
    if networks::admits(allowed, remote) {
        return Ok(());
    }
    let Some(remote) = remote else { return Err(Failure::fault("failed to get connection information")) };
    let remote = remote.to_string();
    Err(Failure::Invalid(format!("source address {remote:?} unauthorized by CIDR restrictions on the {of}")))
}

/// The secret id's own networks go before the role's. A token that is bound to its address alone stays so, unless the
/// secret id does not admit the address.
fn bind_token(grant: &mut Grant, role: &Role, used: &SecretId, remote: Option<IpAddr>) {
    let strict = role.token.token_strictly_bind_ip && networks::admits(used.token_cidrs(), remote);
    if !used.token_cidrs().is_empty() && !strict {
        grant.bound_cidrs = networks::networks(used.token_cidrs());
    }
}

/// The same words whatever it is that does not fit.
fn wrong() -> Failure {
    Failure::BadCredentials("invalid role or secret ID".to_owned())
}

pub(super) fn renew(cx: &mut Context<'_>, mut grant: Grant) -> Result<Grant, Failure> {
    let name = grant.internal.map().get(ROLE_NAME).and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(Failure::fault("failed to fetch role_name during renewal"));
    }
    let missing = || Failure::fault(format!("role {name:?} does not exist during renewal"));
    let role = role::find(cx, name)?.ok_or_else(missing)?;
    role.token.renew(&mut grant);
    Ok(grant)
}
