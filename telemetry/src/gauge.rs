//! A value as it is at the moment it is asked for.

/// A named value. Nothing keeps it: whoever writes metrics out looks it up.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Dotted: `vault.core.unsealed`.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub help: &'static str,
    /// From closed sets only.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

impl Gauge {
    /// One without labels.
    pub fn new(name: &'static str, help: &'static str, value: f64) -> Self {
        Self { name, help, labels: Vec::new(), value }
    }

    /// Adds a label.
    #[must_use]
    pub fn with(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((label, value.into()));
        self
    }
}
