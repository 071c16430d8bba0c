//! Which headers of a request are logged (`sys/config/auditing/request-headers`).

use std::collections::BTreeMap;

/// The headers to log, by name, and whether their values are hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderRules {
    hidden: BTreeMap<String, bool>,
}

impl HeaderRules {
    /// Adds a header or changes it. Case of the name does not matter.
    pub fn set(&mut self, name: &str, hmac: bool) {
        self.hidden.insert(name.to_ascii_lowercase(), hmac);
    }

    /// Takes a header out; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.hidden.remove(&name.to_ascii_lowercase()).is_some()
    }

    /// Lower-case names in order, each with whether its values are hidden.
    pub fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        self.hidden.iter().map(|(name, hmac)| (name.as_str(), *hmac))
    }

    /// No header is logged.
    pub fn is_empty(&self) -> bool {
        self.hidden.is_empty()
    }
}

impl<N: AsRef<str>> FromIterator<(N, bool)> for HeaderRules {
    fn from_iter<I: IntoIterator<Item = (N, bool)>>(rules: I) -> Self {
        let mut all = Self::default();
        rules.into_iter().for_each(|(name, hmac)| all.set(name.as_ref(), hmac));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_in_lower_case() {
        let mut rules: HeaderRules = [("X-Foo", true), ("x-bar", false)].into_iter().collect();
        assert_eq!(rules.iter().collect::<Vec<_>>(), [("x-bar", false), ("x-foo", true)]);
        rules.set("X-FOO", false);
        assert!(rules.remove("X-BAR") && !rules.remove("X-BAR"));
        assert_eq!(rules.iter().collect::<Vec<_>>(), [("x-foo", false)]);
    }
}
