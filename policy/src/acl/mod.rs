//! Policies compiled for asking.

mod browse;
mod check;
mod index;
mod merge;
mod pagination;
mod parameters;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use browse::ResultantRule;
pub use check::Denied;
use index::Index;
use serde_json::{Map, Value};

use crate::operation::Operation;
use crate::policy::Policy;

/// What the policies of one token allow. Immutable; share it in an `Arc`.
#[derive(Debug)]
pub struct Acl {
    is_root: bool,
    index: Index,
    /// The first moment at which a rule of `policies` expires. From then on `index` is too wide,
    /// and every question compiles `policies` anew; the owner should replace the whole.
    expires: Option<SystemTime>,
    /// Kept only where a rule expires.
    policies: Vec<Arc<Policy>>,
}

/// A request, as far as policies look at it.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// From behind `/v1/`.
    pub path: &'a str,
    pub operation: Operation,
    /// The fields of the body or the query; none and empty mean the same.
    pub parameters: Option<&'a Map<String, Value>>,
    /// How long the answer is to be wrapped; none if it is not.
    pub wrap_ttl: Option<Duration>,
    /// The path is root-protected: `sudo` is needed besides the operation's capability.
    pub needs_sudo: bool,
}

/// The permit for one [`Access`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowed {
    /// By the root policy.
    pub is_root: bool,
    /// The rule grants `sudo` (as root does).
    pub has_sudo: bool,
    /// Names of the policies that granted the capability, for the audit.
    pub granted_by: Vec<Arc<str>>,
    /// What the request's `limit` parameter is to be replaced by; 0 is no limit.
    pub limit: Option<i64>,
}

impl Acl {
    /// Compiles policies that are rendered for their caller already. The root policy counts only
    /// when it stands alone; beside others it is an error upstream, and nothing is allowed.
    pub fn new(policies: impl IntoIterator<Item = Arc<Policy>>) -> Self {
        Self::at(policies.into_iter().collect(), SystemTime::now())
    }

    #[must_use]
    pub fn is_root(&self) -> bool {
        self.is_root
    }

    /// When to compile anew, since a rule expires. Answers stay right after that, but get slow.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    fn at(policies: Vec<Arc<Policy>>, now: SystemTime) -> Self {
        let has_root = policies.iter().any(|policy| policy.is_root());
        if has_root {
            let is_root = policies.iter().all(|policy| policy.is_root());
            return Self { is_root, index: Index::default(), expires: None, policies: Vec::new() };
        }
        let is_valid = |expires: SystemTime| expires > now;
        let expires = policies
            .iter()
            .flat_map(|policy| policy.rules())
            .filter_map(|rule| rule.expires)
            .filter(|expires| is_valid(*expires))
            .min();
        let index = merge::compile(&policies, |rule| rule.expires.is_none_or(is_valid));
        let policies = if expires.is_some() { policies } else { Vec::new() };
        Self { is_root: false, index, expires, policies }
    }

    /// Asks the index as it is now.
    fn with_index<T>(&self, ask: impl FnOnce(&Index) -> T) -> T {
        self.with_index_at(SystemTime::now, ask)
    }

    fn with_index_at<T>(&self, now: impl FnOnce() -> SystemTime, ask: impl FnOnce(&Index) -> T) -> T {
        if let Some(expires) = self.expires {
            let now = now();
            if now >= expires {
                return ask(&Self::at(self.policies.clone(), now).index);
            }
        }
        ask(&self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_ends_when_it_expires() {
        let text = "path \"a/*\" { capabilities = [\"read\"] }
            path \"a/b\" { capabilities = [\"update\"] expiration = 1000 }";
        let policy = Arc::new(Policy::parse("p", text).unwrap());
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let acl = Acl::at(vec![policy], at(10));
        assert_eq!(acl.expires(), Some(at(1000)));
        let names = |now| acl.with_index_at(|| now, |index| index.find("a/b", false).unwrap().capability_names());
        assert_eq!(names(at(999)), ["update"]);
        assert_eq!(names(at(1000)), ["read"]);
        assert_eq!(acl.capabilities("a/b"), ["read"]);
    }

    #[test]
    fn root_stands_alone_or_means_nothing() {
        let other = Arc::new(Policy::parse("p", "path \"a\" { capabilities = [\"read\"] }").unwrap());
        let root = Arc::new(Policy::root());
        assert_eq!(Acl::new([root.clone()]).capabilities("x"), ["root"]);
        assert_eq!(Acl::new([root.clone(), other]).capabilities("a"), ["deny"]);
        let named = Policy::parse("root", "").unwrap();
        assert_eq!(Acl::new([Arc::new(named)]).capabilities("a"), ["deny"]);
        assert!(!Acl::new([]).is_root());
    }
}
