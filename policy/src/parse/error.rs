use coffer_hcl as hcl;

/// Why a text is no policy. The messages are the ones that Vault's API gives for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to parse policy: {0}")]
pub struct ParseError(ParseErrorKind);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseErrorKind {
    #[error("{}{}", .0, found(.0))]
    Syntax(hcl::ParseError),
    #[error("{}", listed(.0))]
    UnknownKeys(Vec<UnknownKey>),
    #[error("At {position}: {key} must be {wanted}, not {found}")]
    Type { key: &'static str, position: hcl::Position, wanted: &'static str, found: &'static str },
    #[error("path {path:?}: {kind}")]
    Path { path: String, kind: PathErrorKind },
}

/// What is wrong inside of one `path` block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathErrorKind {
    #[error("{}", listed(.0))]
    UnknownKeys(Vec<UnknownKey>),
    #[error("cannot check HCL keys: a block is wanted, not {0}")]
    NoBlock(&'static str),
    #[error("{key:?} on line {line} restricts access in a way that is not supported here")]
    Unsupported { key: String, line: u32 },
    #[error("failed to validate policy templating: unbalanced templating characters")]
    Template,
    #[error("path {path:?}: At {position}: {key} must be {wanted}, not {found}")]
    Type { path: String, key: String, position: hcl::Position, wanted: &'static str, found: &'static str },
    #[error("path {path:?}: invalid capability {capability:?}")]
    Capability { path: String, capability: String },
    #[error("path {path:?}: invalid policy {policy:?}")]
    OldPolicy { path: String, policy: String },
    #[error("path {path:?}: invalid use of wildcards ('+*' is forbidden)")]
    PlusStar { path: String },
    #[error("path {path:?}: invalid expiration time: could not parse string as date and time")]
    Expiration { path: String },
    #[error("path {path:?}: strconv.ParseInt: parsing {text:?}: invalid syntax")]
    Integer { path: String, text: String },
    #[error("error parsing {key}: time: invalid duration {text:?}")]
    Duration { key: &'static str, text: String },
    #[error("error parsing {key}: could not parse duration from input")]
    DurationType { key: &'static str },
    #[error("max_wrapping_ttl cannot be less than min_wrapping_ttl")]
    WrappingBounds,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid key {key:?} on line {line}")]
pub(crate) struct UnknownKey {
    pub key: String,
    /// 0 for a block, as HCL counts it.
    pub line: u32,
}

impl From<ParseErrorKind> for ParseError {
    fn from(kind: ParseErrorKind) -> Self {
        Self(kind)
    }
}

/// A policy holds no secrets, so the word that did not belong there may be shown.
fn found(error: &hcl::ParseError) -> String {
    error.found().map(|found| format!(" {found}")).unwrap_or_default()
}

fn listed(errors: &[UnknownKey]) -> String {
    let count = match errors.len() {
        1 => "1 error".to_owned(),
        more => format!("{more} errors"),
    };
    let lines: String = errors.iter().map(|error| format!("\t* {error}\n")).collect();
    format!("{count} occurred:\n{lines}\n")
}
