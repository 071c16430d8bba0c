//! Why a request was not answered as asked. `api` alone turns these into HTTP statuses.

use coffer_model::{CommitError, FenceError, StoreError};

use crate::Response;

/// What a backend or the pipeline says instead of an answer. Texts never hold a value that the caller sent.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The request is wrong; the text says how (400).
    #[error("{0}")]
    Invalid(String),
    /// A login with a name or secret that does not fit (400): counts for user lockout.
    #[error("{0}")]
    BadCredentials(String),
    /// The caller may not (403).
    #[error("permission denied")]
    Denied,
    /// The caller may not, and may know why (403).
    #[error("{0}")]
    DeniedBecause(String),
    /// Nothing is there (404, without a text).
    #[error("not found")]
    NotFound,
    /// Nothing is there, with a text (404).
    #[error("{0}")]
    NotFoundBecause(String),
    /// Nothing live is there, and the answer still has data: a deleted version (404).
    #[error("not found")]
    Gone(Box<Response>),
    /// No mount serves the path (404).
    #[error("no handler for route {0:?}. route entry not found.")]
    NoRoute(String),
    /// The mount has no such path (404).
    #[error("unsupported path")]
    UnsupportedPath,
    /// The path has no such operation (405).
    #[error("unsupported operation")]
    UnsupportedOperation,
    /// The node's own path has no such operation (405, without a text).
    #[error("method not allowed")]
    MethodNotAllowed,
    /// A quota is used up (429).
    #[error("{reason}")]
    TooManyRequests {
        /// Which quota.
        reason: String,
        /// Answer headers to send along.
        headers: Vec<(&'static str, String)>,
    },
    /// A value does not fit (413).
    #[error("{0}")]
    TooLarge(String),
    /// Check-and-set did not match, or the like (400 in Vault).
    #[error("{0}")]
    CheckAndSet(String),
    /// The node holds no keys (503).
    #[error("Vault is sealed")]
    Sealed,
    /// The node was never initialised (400 or 503 by place).
    #[error("server is not yet initialized")]
    Uninitialized,
    /// This node does not lead, or no longer: nothing was proposed, and the node that leads may be asked (503).
    #[error("local node not active but active cluster node not found")]
    NotLeader,
    /// No majority answered: nothing was proposed, and a later try may be served (503).
    #[error("{0}")]
    NoQuorum(String),
    /// This node can't serve it, another might (503).
    #[error("{0}")]
    Unavailable(String),
    /// The write was proposed and its fate is unknown (503, said in the text).
    #[error("{0}")]
    OutcomeUnknown(String),
    /// No audit device could record it; the text says whether a change was made (500).
    #[error("{0}")]
    Audit(String),
    /// What Vault answers with 500 although the request is at fault; the text is for the caller.
    #[error("{0}")]
    Fault(String),
    /// A failure on a path that needs no token: told in its own words, without the preface of Vault's router.
    #[error("{0}")]
    Tokenless(Box<Failure>),
    /// Stored data is damaged or the store is broken (500). The text is for the log; callers get a short one.
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// [`Failure::Invalid`] from anything that can be a text.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// [`Failure::Fault`] from anything that can be a text.
    pub fn fault(text: impl Into<String>) -> Self {
        Self::Fault(text.into())
    }

    /// [`Failure::Internal`] from anything that prints.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }
}

impl Failure {
    /// Whether it is certain that nothing was done, and another node, or this one later, can do it.
    pub fn may_be_asked_again(&self) -> bool {
        match self {
            Self::NotLeader | Self::NoQuorum(_) => true,
            Self::Tokenless(inner) => inner.may_be_asked_again(),
            _ => false,
        }
    }

    /// The same failure, when a part of the request was carried out before it: it must not be asked again.
    #[must_use]
    pub fn after_a_commit(self) -> Self {
        match self {
            Self::NotLeader | Self::NoQuorum(_) => Self::OutcomeUnknown(format!(
                "the request was carried out in part when leadership changed; look before you repeat it: {self}"
            )),
            other => other,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<FenceError> for Failure {
    fn from(error: FenceError) -> Self {
        match error {
            FenceError::NotLeader => Self::NotLeader,
            FenceError::NoQuorum(_) => Self::NoQuorum(error.to_string()),
        }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::TooLarge { .. } => Self::TooLarge(error.to_string()),
            CommitError::NotLeader => Self::NotLeader,
            CommitError::Conflict { .. } | CommitError::Unavailable(_) => Self::Unavailable(error.to_string()),
            CommitError::Unknown => Self::OutcomeUnknown(error.to_string()),
        }
    }
}
