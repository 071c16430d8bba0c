//! A step of a rekey that was refused.

use crate::ceremony::authorize::AuthorizeError;
use crate::ceremony::fault::Fault;
use crate::key_share::ShareLengthError;
use crate::nonce::Nonce;
use crate::seal_config::SealConfigError;
use crate::secret_key::EntropyError;
use crate::stored_keys::StoredKeysError;
use crate::unseal_key::{IssueError, OpenRootKeyError};

/// The texts are Vault's, but for that on PGP keys.
#[derive(Debug, thiserror::Error)]
pub enum RekeyError {
    /// A backup of shares in clear would be no backup but a leak.
    #[error("cannot request a backup of the new keys without providing PGP keys for encryption")]
    BackupWithoutPgp,
    /// Shares encrypted with PGP are not built.
    #[error("PGP keys are not supported by this server: leave out pgp_keys")]
    PgpKeys,
    /// See [`SealConfigError`].
    #[error("invalid rekey seal configuration: {0}")]
    Config(#[from] SealConfigError),
    /// Another run has to be finished or cancelled first.
    #[error("rekey already in progress")]
    InProgress,
    /// Nothing was begun.
    #[error("no barrier rekey in progress")]
    NotInProgress,
    /// Enough shares were given; now the new ones are to be shown.
    #[error(
        "rekey operation already finished; verification must be performed; nonce for the verification operation is \"{0}\""
    )]
    ToVerify(Nonce),
    /// The share is meant for another run.
    #[error("incorrect nonce supplied; nonce for this rekey operation is \"{0}\"")]
    Nonce(Nonce),
    /// No share can be so long or so short.
    #[error(transparent)]
    Length(#[from] ShareLengthError),
    /// The same share again.
    #[error("given key has already been provided during this generation operation")]
    AlreadyGiven,
    /// The shares are not those of this server.
    #[error("{}", refused(.0))]
    Refused(#[from] AuthorizeError),
    /// See [`IssueError`].
    #[error("failed to perform barrier rekey: {0}")]
    Issue(#[from] IssueError),
}

fn refused(error: &AuthorizeError) -> String {
    match error {
        AuthorizeError::Open(OpenRootKeyError::Stored(stored)) => format!("failed to read root key: {stored}"),
        other => other.to_string(),
    }
}

impl From<EntropyError> for RekeyError {
    fn from(error: EntropyError) -> Self {
        Self::Issue(error.into())
    }
}

impl RekeyError {
    /// Whom to blame: Vault answers 500 to a bad configuration and to most wrong shares here.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Config(_) | Self::Issue(_) => Fault::Server,
            Self::Refused(AuthorizeError::Open(OpenRootKeyError::Stored(StoredKeysError::InvalidKey))) => Fault::Server,
            Self::Refused(error) => error.fault(),
            _ => Fault::Request,
        }
    }
}
