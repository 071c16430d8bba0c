use super::address::AddressError;
use super::secret::{EnvelopeError, Secret};

/// Why a request brought no answer that a command could use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// The server answered, with an error.
    #[error(transparent)]
    Status(Box<StatusError>),
    /// The server was not reached, or broke off.
    #[error("{method} {url:?}: {reason}")]
    Transport { method: &'static str, url: String, reason: String },
    #[error("redirect would cause protocol downgrade")]
    Downgrade,
    #[error("{0} response missing Location header")]
    NoLocation(u16),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("configured Vault token contains non-printable characters and cannot be used")]
    UnprintableToken,
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The request was to be printed instead of sent, and has been noted.
    #[error("the request was not sent")]
    Captured,
    /// The user wants no more of it.
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    Other(String),
}

impl RequestError {
    /// What the server answered with, if it did.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Status(error) => Some(error.code),
            _ => None,
        }
    }

    /// What a 404 carries beside the error: warnings or data.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Status(error) => error.secret.as_ref(),
            _ => None,
        }
    }

    /// An answer that is not JSON, and has a body.
    pub(crate) fn is_raw(&self) -> bool {
        matches!(self, Self::Status(error) if error.raw && error.errors.iter().any(|text| !text.trim().is_empty()))
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        matches!(self, Self::Status(error) if error.errors.iter().any(|text| text.contains(words)))
    }
}

/// An answer with a code that is an error.
#[derive(Clone)]
pub(crate) struct StatusError {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) code: u16,
    pub(super) namespace: String,
    pub(super) errors: Vec<String>,
    /// The body was not JSON: it is the only one of `errors`.
    pub(super) raw: bool,
    pub(super) secret: Option<Secret>,
}

impl StatusError {
    pub(crate) fn code(&self) -> u16 {
        self.code
    }
}

impl std::error::Error for StatusError {}

impl std::fmt::Debug for StatusError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for StatusError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Error making API request.\n\n")?;
        if !self.namespace.is_empty() && self.namespace != "root/" {
            writeln!(f, "Namespace: {}", self.namespace)?;
        }
        let kind = if self.raw { "Raw Message" } else { "Errors" };
        write!(f, "URL: {} {}\nCode: {}. {kind}:\n\n", self.method, self.url, self.code)?;
        if self.raw {
            return f.write_str(self.errors.first().map_or("", |text| text));
        }
        self.errors.iter().try_for_each(|error| write!(f, "* {error}"))
    }
}
