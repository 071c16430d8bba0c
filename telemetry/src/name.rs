//! What an instrument is called.

/// A dotted name, as Vault's JSON has it, with fixed labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) dotted: String,
    pub(crate) labels: Vec<(&'static str, String)>,
}

impl Name {
    pub(crate) fn plain(dotted: &str) -> Self {
        Self { dotted: dotted.to_owned(), labels: Vec::new() }
    }

    /// The name in Prometheus' alphabet.
    pub(crate) fn prometheus(&self) -> String {
        underscored(&self.dotted)
    }
}

pub(crate) fn underscored(dotted: &str) -> String {
    dotted.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == ':' { c } else { '_' }).collect()
}
