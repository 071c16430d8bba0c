use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::capability::Capabilities;

/// Values by parameter name (lower case; `*` is any name). No values means any value.
pub type ParameterRules = BTreeMap<String, Vec<Value>>;

/// What one rule says about the paths it matches.
#[derive(Debug, Clone, PartialEq)]
pub enum Permissions {
    /// Explicitly denied; no other rule for the same path can lift it.
    Deny,
    Allow(Box<Grants>),
}

/// What a rule grants, and on which conditions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grants {
    pub capabilities: Capabilities,
    /// The answer must be wrapped, for at least this long.
    pub min_wrapping_ttl: Option<Duration>,
    /// The answer must be wrapped, for at most this long.
    pub max_wrapping_ttl: Option<Duration>,
    pub allowed_parameters: Option<ParameterRules>,
    pub denied_parameters: Option<ParameterRules>,
    pub required_parameters: Vec<String>,
    /// The most entries that a list may return.
    pub pagination_limit: Option<i64>,
    /// The policies that granted something here, in order, for the audit.
    pub granted_by: Vec<(Arc<str>, Capabilities)>,
}

impl Permissions {
    #[must_use]
    pub fn grants(&self) -> Option<&Grants> {
        match self {
            Self::Deny => None,
            Self::Allow(grants) => Some(grants),
        }
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        self.grants().map_or(Capabilities::NONE, |grants| grants.capabilities)
    }

    /// The names for the capabilities endpoints, in order; `deny` where nothing is granted.
    #[must_use]
    pub fn capability_names(&self) -> Vec<&'static str> {
        let names: Vec<_> = self.capabilities().iter().map(|capability| capability.name()).collect();
        if names.is_empty() { vec!["deny"] } else { names }
    }
}
