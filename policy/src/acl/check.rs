use std::time::Duration;

use super::{Access, Acl, Allowed, pagination, parameters};
use crate::capability::Capability;
use crate::permissions::{Grants, Permissions};

/// Why a request is not allowed. Clients are told "permission denied" and no more; the reason is
/// for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("no rule matches the path")]
    NoRule,
    #[error("a rule denies the path")]
    Explicit,
    #[error("the rule does not grant the operation's capability")]
    Capability,
    #[error("the path needs sudo")]
    Sudo,
    #[error("the wrapping TTL is outside of the rule's bounds")]
    WrappingTtl,
    #[error("the rule does not allow these parameters")]
    Parameters,
    #[error("the rule does not allow this limit")]
    Limit,
}

impl Acl {
    /// Decides on one request.
    ///
    /// # Errors
    /// It is not allowed.
    pub fn check(&self, access: &Access<'_>) -> Result<Allowed, Denied> {
        if self.is_root {
            let granted_by = vec![crate::names::ROOT.into()];
            let limit = pagination::unlimited(access);
            return Ok(Allowed { is_root: true, has_sudo: true, granted_by, limit });
        }
        let Some(capability) = access.operation.capability() else {
            return Ok(Allowed::default());
        };
        self.with_index(|index| {
            let is_listing = access.operation.is_listing();
            let found = if is_listing && !access.path.ends_with('/') {
                index.find(&format!("{}/", access.path), is_listing)
            } else {
                index.find(access.path, is_listing)
            };
            match found {
                None => Err(Denied::NoRule),
                Some(Permissions::Deny) => Err(Denied::Explicit),
                Some(Permissions::Allow(grants)) => check_grants(grants, capability, access),
            }
        })
    }
}

fn check_grants(grants: &Grants, capability: Capability, access: &Access<'_>) -> Result<Allowed, Denied> {
    if !grants.capabilities.contains(capability) {
        return Err(Denied::Capability);
    }
    let has_sudo = grants.capabilities.contains(Capability::Sudo);
    if access.needs_sudo && !has_sudo {
        return Err(Denied::Sudo);
    }
    if !is_wrapping_allowed(grants, access.wrap_ttl) {
        return Err(Denied::WrappingTtl);
    }
    if access.operation.takes_parameters() && !parameters::are_allowed(grants, access.parameters) {
        return Err(Denied::Parameters);
    }
    let limit = if access.operation.is_listing() { pagination::limit(grants, access)? } else { None };
    let granting = grants.granted_by.iter().filter(|(_, capabilities)| capabilities.contains(capability));
    Ok(Allowed { is_root: false, has_sudo, granted_by: granting.map(|(policy, _)| policy.clone()).collect(), limit })
}

/// Bounds from several policies can contradict each other; then nothing is allowed.
fn is_wrapping_allowed(grants: &Grants, wrap_ttl: Option<Duration>) -> bool {
    grants.max_wrapping_ttl.is_none_or(|max| wrap_ttl.is_some_and(|ttl| ttl <= max))
        && grants.min_wrapping_ttl.is_none_or(|min| wrap_ttl.is_some_and(|ttl| ttl >= min))
}
