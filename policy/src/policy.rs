use std::sync::Arc;
use std::time::SystemTime;

use crate::names::ROOT;
use crate::parse::{self, ParseError};
use crate::pattern::Pattern;
use crate::permissions::Permissions;
use crate::template::{self, Substitution, TemplateValues};

/// A parsed policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    name: Arc<str>,
    is_root: bool,
    rules: Vec<Rule>,
}

/// What is said about some paths.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// As written, templates included.
    pub path: String,
    /// None while the path is a template.
    pub pattern: Option<Pattern>,
    pub permissions: Permissions,
    /// From when on the rule is as if it were not there.
    pub expires: Option<SystemTime>,
}

impl Policy {
    /// Parses a policy text, HCL or JSON. A policy made here is never the root policy, whatever
    /// its name; see [`Policy::root`].
    ///
    /// # Errors
    /// The text is no policy; the message is what Vault's API answers.
    pub fn parse(name: &str, text: &str) -> Result<Self, ParseError> {
        Ok(Self { name: name.into(), is_root: false, rules: parse::rules(text)? })
    }

    /// The root policy, which allows everything when a token has no other.
    #[must_use]
    pub fn root() -> Self {
        Self { name: ROOT.into(), is_root: true, rules: Vec::new() }
    }

    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    #[must_use]
    pub fn is_root(&self) -> bool {
        self.is_root
    }

    /// Whether paths of it name the caller's identity. Until [`Policy::render`] has filled them in,
    /// such paths match nothing.
    #[must_use]
    pub fn is_templated(&self) -> bool {
        self.rules.iter().any(|rule| rule.pattern.is_none())
    }

    /// The policy for one identity: templates replaced by its values. A rule whose value is missing
    /// or may not be used is left out; but one that denies is kept, taking in too much rather than
    /// too little.
    #[must_use]
    pub fn render(&self, values: &dyn TemplateValues, substitution: Substitution) -> Self {
        let rules = self.rules.iter().filter_map(|rule| match &rule.pattern {
            Some(_) => Some(rule.clone()),
            None => {
                let denies = rule.permissions == Permissions::Deny;
                let pattern = template::render(&rule.path, denies, values, substitution)?;
                Some(Rule { pattern: Some(pattern), ..rule.clone() })
            }
        });
        Self { name: self.name.clone(), is_root: self.is_root, rules: rules.collect() }
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
