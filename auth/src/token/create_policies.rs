//! Which policies a token that is being made gets: those of its parent or fewer, unless `sudo` or a role says otherwise.

use coffer_core::Failure;
use coffer_core::framework::Fields;
use coffer_core::token::{TokenEntry, is_not_assignable};
use coffer_policy::sanitize;

use super::lists::{any_glob_matches, quoted, unique};
use super::role::Role;

pub(super) fn resolve_policies(
    fields: &Fields<'_>,
    role: Option<&Role>,
    parent: &TokenEntry,
    sudo: bool,
) -> Result<Vec<String>, Failure> {
    let asked = fields.list("policies")?.unwrap_or_default();
    let no_default = fields.flag("no_default_policy")?.unwrap_or(false);
    choose(&asked, no_default, role, &parent.policies, sudo)
}

fn choose(
    asked: &[String],
    no_default: bool,
    role: Option<&Role>,
    parent: &[String],
    sudo: bool,
) -> Result<Vec<String>, Failure> {
    let mut policies = match role {
        Some(role) if role.rules_policies() => by_role(asked, no_default, role, parent)?,
        _ if asked.is_empty() => sanitize(parent, false),
        _ if sudo => sanitize(asked, !no_default),
        _ => {
            let (asked, parent) = (sanitize(asked, false), sanitize(parent, false));
            if !asked.iter().all(|name| parent.contains(name)) {
                return Err(Failure::invalid("child policies must be subset of parent"));
            }
            sanitize(asked, !no_default && parent.iter().any(|name| name == "default"))
        }
    };
    if no_default {
        policies.retain(|name| name != "default");
    }
    match policies.iter().find(|name| is_not_assignable(name)) {
        Some(name) => Err(Failure::Invalid(format!("cannot assign policy {name:?}"))),
        None => Ok(policies),
    }
}

fn by_role(asked: &[String], no_default: bool, role: &Role, parent: &[String]) -> Result<Vec<String>, Failure> {
    let disallows = |name: &str| {
        unique(&role.disallowed_policies).iter().any(|other| other == name)
            || any_glob_matches(&unique(&role.disallowed_policies_glob), name)
    };
    let add_default = !no_default && !role.token_no_default_policy && !disallows("default");
    let mut policies = if asked.is_empty() { Vec::new() } else { sanitize(asked, add_default) };
    if !role.allowed_policies.is_empty() || !role.allowed_policies_glob.is_empty() {
        let allowed = sanitize(&role.allowed_policies, add_default);
        let globs = sanitize(&role.allowed_policies_glob, false);
        if policies.is_empty() {
            policies = allowed;
        } else if !policies.iter().all(|name| allowed.contains(name) || any_glob_matches(&globs, name)) {
            return Err(Failure::Invalid(format!(
                "token policies ({}) must be subset of the role's allowed policies ({}) or glob policies ({})",
                quoted(&policies),
                quoted(&allowed),
                quoted(&globs)
            )));
        }
    } else if policies.is_empty() {
        policies = sanitize(parent, add_default);
    }
    match policies.iter().find(|name| disallows(name)) {
        Some(name) => Err(Failure::Invalid(format!("token policy {name:?} is disallowed by this role"))),
        None => Ok(policies),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn chosen(asked: &[&str], role: Option<&Role>, parent: &[&str], sudo: bool) -> Result<Vec<String>, String> {
        choose(&names(asked), false, role, &names(parent), sudo).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_child_gets_what_its_parent_has_or_less() {
        assert_eq!(chosen(&[], None, &["a", "default"], false), Ok(names(&["a", "default"])));
        assert_eq!(chosen(&[], None, &["a"], false), Ok(names(&["a"])));
        assert_eq!(chosen(&["a"], None, &["a", "b", "default"], false), Ok(names(&["a", "default"])));
        assert_eq!(chosen(&["a"], None, &["a", "b"], false), Ok(names(&["a"])));
        assert_eq!(chosen(&["c"], None, &["a"], false), Err("child policies must be subset of parent".into()));
        assert_eq!(chosen(&["c"], None, &["a"], true), Ok(names(&["c", "default"])));
        assert_eq!(
            chosen(&["response-wrapping"], None, &["root"], true).unwrap_err(),
            "cannot assign policy \"response-wrapping\""
        );
    }

    #[test]
    fn a_role_decides_alone() {
        let role = Role { allowed_policies: names(&["a", "b"]), ..Role::default() };
        assert_eq!(chosen(&[], Some(&role), &["z"], false), Ok(names(&["a", "b", "default"])));
        assert_eq!(
            chosen(&["c"], Some(&role), &["z"], false).unwrap_err(),
            r#"token policies (["c" "default"]) must be subset of the role's allowed policies (["a" "b" "default"]) or glob policies ([])"#
        );
        let role = Role { disallowed_policies_glob: names(&["se*"]), ..Role::default() };
        assert_eq!(
            chosen(&["secret"], Some(&role), &["z"], false).unwrap_err(),
            "token policy \"secret\" is disallowed by this role"
        );
        assert_eq!(chosen(&[], Some(&role), &["z"], false), Ok(names(&["default", "z"])));
    }

    proptest! {
        #[test]
        fn without_sudo_or_role_nothing_is_gained(
            asked in proptest::collection::vec("[a-dA-D ]{0,3}|root|default", 0..4),
            parent in proptest::collection::vec("[a-d]{1,2}|default", 0..4),
            no_default in any::<bool>(),
        ) {
            if let Ok(chosen) = choose(&asked, no_default, None, &parent, false) {
                prop_assert!(chosen.iter().all(|name| parent.contains(name)), "{chosen:?} of {parent:?}");
            }
        }
    }
}
