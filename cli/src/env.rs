//! The environment, read once. Every variable is known by its `VAULT_` name and by its `BAO_` one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A variable's name after the prefix: `ADDR` for `VAULT_ADDR` and `BAO_ADDR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Variable(pub(crate) &'static str);

impl Variable {
    pub(crate) fn name(self) -> String {
        format!("VAULT_{}", self.0)
    }
}

#[derive(Default)]
pub(crate) struct Env(BTreeMap<String, Zeroizing<String>>);

impl Env {
    pub(crate) fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, Zeroizing::new(value.into_string().ok()?))));
        Self(variables.collect())
    }

    #[cfg(test)]
    pub(crate) fn with(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), Zeroizing::new((*value).to_owned())));
        Self(variables.collect())
    }

    /// The value, set but empty included. `VAULT_` goes before `BAO_`.
    pub(crate) fn lookup(&self, variable: Variable) -> Option<&str> {
        self.plain(&variable.name()).or_else(|| self.plain(&format!("BAO_{}", variable.0)))
    }

    /// The value, unless it is empty.
    pub(crate) fn get(&self, variable: Variable) -> Option<&str> {
        self.lookup(variable).filter(|value| !value.is_empty())
    }

    /// A variable by its full name.
    pub(crate) fn plain(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }

    /// Puts the home folder for a leading `~/`.
    pub(crate) fn expand_home(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.plain("HOME")) {
            (Some(rest), Some(home)) if !home.is_empty() => Path::new(home).join(rest),
            _ => PathBuf::from(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vault_goes_before_bao_and_an_empty_value_still_counts_as_set() {
        let addr = Variable("ADDR");
        assert_eq!(Env::with(&[("BAO_ADDR", "b")]).get(addr), Some("b"));
        assert_eq!(Env::with(&[("BAO_ADDR", "b"), ("VAULT_ADDR", "v")]).get(addr), Some("v"));
        assert_eq!(Env::with(&[("BAO_ADDR", "b"), ("VAULT_ADDR", "")]).get(addr), None);
    }

    #[test]
    fn a_tilde_stands_for_the_home_folder() {
        let env = Env::with(&[("HOME", "/home/a")]);
        assert_eq!(env.expand_home("~/x"), Path::new("/home/a/x"));
        assert_eq!(env.expand_home("/x"), Path::new("/x"));
    }
}
