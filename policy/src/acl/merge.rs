//! Rules of several policies for the same pattern become one.

use std::collections::HashMap;
use std::sync::Arc;

use super::index::Index;
use crate::pattern::Pattern;
use crate::permissions::{Grants, ParameterRules, Permissions};
use crate::policy::{Policy, Rule};

pub(super) fn compile(policies: &[Arc<Policy>], is_valid: impl Fn(&Rule) -> bool) -> Index {
    let mut merged: HashMap<&Pattern, Permissions> = HashMap::new();
    for policy in policies {
        for rule in policy.rules().iter().filter(|rule| is_valid(rule)) {
            let Some(pattern) = &rule.pattern else {
                continue;
            };
            let permissions = granted(policy.name(), &rule.permissions);
            match merged.get_mut(pattern) {
                Some(existing) => add(existing, permissions),
                None => {
                    merged.insert(pattern, permissions);
                }
            }
        }
    }
    Index::new(merged.into_iter().map(|(pattern, permissions)| (pattern.clone(), permissions)))
}

fn granted(policy: &Arc<str>, permissions: &Permissions) -> Permissions {
    let mut permissions = permissions.clone();
    if let Permissions::Allow(grants) = &mut permissions {
        grants.granted_by = vec![(policy.clone(), grants.capabilities)];
    }
    permissions
}

/// A denial beats all; otherwise capabilities add up.
fn add(existing: &mut Permissions, new: Permissions) {
    match (&mut *existing, new) {
        (Permissions::Deny, _) => {}
        (_, Permissions::Deny) => *existing = Permissions::Deny,
        (Permissions::Allow(existing), Permissions::Allow(new)) => add_grants(existing, *new),
    }
}

fn add_grants(existing: &mut Grants, new: Grants) {
    existing.capabilities = existing.capabilities.union(new.capabilities);
    existing.granted_by.extend(new.granted_by);
    existing.min_wrapping_ttl = lesser(existing.min_wrapping_ttl, new.min_wrapping_ttl);
    existing.max_wrapping_ttl = lesser(existing.max_wrapping_ttl, new.max_wrapping_ttl);
    existing.pagination_limit = lesser(existing.pagination_limit, new.pagination_limit);
    add_parameters(&mut existing.allowed_parameters, new.allowed_parameters);
    add_parameters(&mut existing.denied_parameters, new.denied_parameters);
    for parameter in new.required_parameters {
        if !existing.required_parameters.contains(&parameter) {
            existing.required_parameters.push(parameter);
        }
    }
}

fn lesser<T: Ord>(existing: Option<T>, new: Option<T>) -> Option<T> {
    match (existing, new) {
        (Some(existing), Some(new)) => Some(existing.min(new)),
        (existing, new) => existing.or(new),
    }
}

/// Values of a parameter add up; an empty list, any value, absorbs the others.
fn add_parameters(existing: &mut Option<ParameterRules>, new: Option<ParameterRules>) {
    let Some(new) = new.filter(|new| !new.is_empty()) else {
        return;
    };
    let Some(existing) = existing else {
        *existing = Some(new);
        return;
    };
    for (name, mut values) in new {
        match existing.get_mut(&name) {
            Some(known) if known.is_empty() || values.is_empty() => known.clear(),
            Some(known) => known.append(&mut values),
            None => {
                existing.insert(name, values);
            }
        }
    }
}
