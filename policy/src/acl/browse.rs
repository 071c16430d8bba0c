use super::Acl;
use super::index::Index;
use crate::permissions::Permissions;

/// A rule as `sys/internal/ui/resultant-acl` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultantRule {
    /// For a glob without its `*`.
    pub path: String,
    pub permissions: Permissions,
}

impl Acl {
    /// What may be done on a path, as the capabilities endpoints answer it: `root`, `deny`, or the
    /// names in order. A path with a trailing slash is looked up as a listing would.
    #[must_use]
    pub fn capabilities(&self, path: &str) -> Vec<&'static str> {
        if self.is_root {
            return vec!["root"];
        }
        self.with_index(|index| index.find(path, true).map_or_else(|| vec!["deny"], Permissions::capability_names))
    }

    /// Whether anything may be done on the folder `mount` (with its trailing slash) or below.
    #[must_use]
    pub fn has_any_access_below(&self, mount: &str) -> bool {
        self.capabilities(mount) != ["deny"] || self.with_index(|index| grants_below(index, mount))
    }

    /// The merged rules for exact paths, sorted by path.
    #[must_use]
    pub fn exact_rules(&self) -> Vec<ResultantRule> {
        self.with_index(|index| sorted(index.exact.iter()))
    }

    /// The merged rules for prefixes, sorted by path. Patterns with `+` are not among them, as the
    /// endpoint does not show them either.
    #[must_use]
    pub fn glob_rules(&self) -> Vec<ResultantRule> {
        self.with_index(|index| sorted(index.prefixes.iter()))
    }
}

fn grants_below(index: &Index, mount: &str) -> bool {
    let grants = |permissions: &Permissions| !permissions.capabilities().is_empty();
    let paths = index.exact.iter().chain(&index.prefixes);
    if paths.into_iter().any(|(path, permissions)| path.starts_with(mount) && grants(permissions)) {
        return true;
    }
    let folder: Vec<&str> = mount.trim_end_matches('/').split('/').collect();
    index.segments.iter().any(|(pattern, permissions)| pattern.reaches_below(&folder) && grants(permissions))
}

fn sorted<'a>(rules: impl Iterator<Item = (&'a String, &'a Permissions)>) -> Vec<ResultantRule> {
    let mut rules: Vec<_> = rules
        .map(|(path, permissions)| ResultantRule { path: path.clone(), permissions: permissions.clone() })
        .collect();
    rules.sort_by(|left, right| left.path.cmp(&right.path));
    rules
}
