use std::time::Duration;

use coffer_hcl::Body;

use super::error::PathErrorKind;
use super::{expiration, parameters, unknown_keys, values};
use crate::capability::{Capabilities, Capability};
use crate::pattern::Pattern;
use crate::permissions::{Grants, Permissions};
use crate::policy::Rule;
use crate::template;

const KNOWN: [&str; 10] = [
    "comment",
    "policy",
    "capabilities",
    "allowed_parameters",
    "denied_parameters",
    "required_parameters",
    "min_wrapping_ttl",
    "max_wrapping_ttl",
    "pagination_limit",
    "expiration",
];

/// Keys that other servers know and that take rights away. Ignoring one would widen the rule.
const RESTRICTING: [&str; 5] = [
    "mfa_methods",
    "control_group",
    "list_scan_response_keys_filter_path",
    "response_keys_filter_path",
    "subscribe_event_types",
];

pub(super) fn read(path: &str, body: &Body) -> Result<Rule, PathErrorKind> {
    let is_templated = template::check(path).map_err(|_| PathErrorKind::Template)?;
    check_keys(body)?;
    let expires = values::last_string(path, body, "expiration")?
        .map(|text| expiration::parse(path, &text))
        .transpose()?
        .flatten();
    let pattern = Pattern::parse(path)
        .map_err(|_| PathErrorKind::PlusStar { path: path.strip_prefix('/').unwrap_or(path).to_owned() })?;
    Ok(Rule {
        path: path.to_owned(),
        pattern: (!is_templated).then_some(pattern),
        permissions: permissions(path, body)?,
        expires,
    })
}

fn check_keys(body: &Body) -> Result<(), PathErrorKind> {
    if let Some(item) = body.items().iter().find(|item| RESTRICTING.contains(&item.key.text.as_str())) {
        return Err(PathErrorKind::Unsupported { key: item.key.text.clone(), line: item.key.position.line });
    }
    let unknown = unknown_keys(body, &KNOWN);
    if unknown.is_empty() { Ok(()) } else { Err(PathErrorKind::UnknownKeys(unknown)) }
}

fn permissions(path: &str, body: &Body) -> Result<Permissions, PathErrorKind> {
    // Everything is read, also where a denial makes it pointless, so that mistakes are named.
    let names = values::strings(path, body, "capabilities")?;
    let old_policy = values::last_string(path, body, "policy")?.filter(|policy| !policy.is_empty());
    let mut grants = Grants {
        allowed_parameters: parameters::read(path, body, "allowed_parameters")?,
        denied_parameters: parameters::read(path, body, "denied_parameters")?,
        required_parameters: values::strings(path, body, "required_parameters")?,
        pagination_limit: values::last_integer(path, body, "pagination_limit")?.filter(|limit| *limit > 0),
        ..Grants::default()
    };
    let Some(capabilities) = capabilities(path, &names, old_policy.as_deref())? else {
        return Ok(Permissions::Deny);
    };
    grants.capabilities = capabilities;
    grants.min_wrapping_ttl = values::last_duration(body, "min_wrapping_ttl")?.filter(is_set);
    grants.max_wrapping_ttl = values::last_duration(body, "max_wrapping_ttl")?.filter(is_set);
    match (grants.min_wrapping_ttl, grants.max_wrapping_ttl) {
        (Some(min), Some(max)) if max < min => Err(PathErrorKind::WrappingBounds),
        _ => Ok(Permissions::Allow(Box::new(grants))),
    }
}

/// None if denied. As in Vault, what stands behind a `deny` is not looked at.
fn capabilities(path: &str, names: &[String], old_policy: Option<&str>) -> Result<Option<Capabilities>, PathErrorKind> {
    use Capability::{Create, Delete, List, Read, Sudo, Update};
    let old: &[Capability] = match old_policy {
        None => &[],
        Some("deny") => return Ok(None),
        Some("read") => &[Read, List],
        Some("write") => &[Create, Read, Update, Delete, List],
        Some("sudo") => &[Create, Read, Update, Delete, List, Sudo],
        Some(other) => {
            return Err(PathErrorKind::OldPolicy { path: path.to_owned(), policy: other.to_owned() });
        }
    };
    let mut capabilities: Capabilities = old.iter().copied().collect();
    for name in names {
        if name == "deny" {
            return Ok(None);
        }
        let Some(capability) = Capability::from_name(name) else {
            return Err(PathErrorKind::Capability { path: path.to_owned(), capability: name.clone() });
        };
        capabilities.insert(capability);
    }
    Ok(Some(capabilities))
}

fn is_set(ttl: &Duration) -> bool {
    !ttl.is_zero()
}
