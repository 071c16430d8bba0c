//! Showing the new shares, before the keys change.

use super::{Rekey, State};
use crate::barrier::{Barrier, KeyringChange};
use crate::ceremony::collector::ShareCollector;
use crate::ceremony::fault::Fault;
use crate::key_share::{KeyShare, ShareLengthError};
use crate::nonce::Nonce;
use crate::secret_key::{EntropyError, SecretKey};
use crate::shamir::CombineError;
use crate::unseal_key::{IssueError, UnsealKey, combined};

pub(super) struct Verification {
    nonce: Nonce,
    unseal_key: UnsealKey,
    shares: ShareCollector,
}

/// `sys/rekey/verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerificationStatus {
    /// The verification; none while current shares are still being collected.
    pub nonce: Option<Nonce>,
    /// Shares and threshold to be.
    pub config: crate::SealConfig,
    /// New shares held.
    pub progress: usize,
}

/// After a new share was taken.
#[derive(Clone, Debug)]
pub enum VerifyStep {
    /// More shares are needed.
    Incomplete(VerificationStatus),
    /// The new shares are good.
    Complete {
        /// The verification that ended.
        nonce: Nonce,
        /// To be stored and installed: then the new shares are the server's. If it was not stored the old ones are,
        /// and the rekey has to be begun again.
        change: KeyringChange,
    },
}

/// A step of a verification that was refused; the texts are Vault's.
#[derive(Debug, thiserror::Error)]
pub enum RekeyVerifyError {
    /// No rekey was begun.
    #[error("no rekey in progress")]
    NoRekey,
    /// No rekey was begun; what the status says then.
    #[error("no rekey configuration found")]
    NoConfiguration,
    /// The current shares are still being collected, or nothing is to be verified.
    #[error("no rekey verification in progress")]
    NotInProgress,
    /// The share is meant for another verification.
    #[error("incorrect nonce supplied; nonce for this verify operation is \"{0}\"")]
    Nonce(Nonce),
    /// No share can be so long or so short.
    #[error(transparent)]
    Length(#[from] ShareLengthError),
    /// The same share again.
    #[error("given key has already been provided during this verify operation")]
    AlreadyGiven,
    /// The shares can't belong together; the verification begins again, with another nonce.
    #[error("failed to compute key for verification: {0}")]
    Combine(#[from] CombineError),
    /// They are not the new ones; the verification begins again, with another nonce.
    #[error("rekey verification failed; incorrect key shares supplied")]
    WrongShares,
    /// See [`IssueError`].
    #[error("failed to perform rekey: {0}")]
    Issue(#[from] IssueError),
}

impl Rekey {
    /// The verification under way, or to come.
    pub fn verification_status(&self) -> Result<VerificationStatus, RekeyVerifyError> {
        match &self.state {
            State::Idle => Err(RekeyVerifyError::NoConfiguration),
            State::Collecting(run, _) => Ok(VerificationStatus { nonce: None, config: run.config, progress: 0 }),
            State::Verifying(run, verification) => Ok(VerificationStatus {
                nonce: Some(verification.nonce),
                config: run.config,
                progress: verification.shares.progress(),
            }),
        }
    }

    /// Forgets the new shares shown so far; the verification goes on under another nonce.
    pub fn restart_verification(&mut self) -> Result<VerificationStatus, RekeyVerifyError> {
        if let State::Verifying(_, verification) = &mut self.state {
            verification.restart()?;
        }
        self.verification_status()
    }

    /// Takes a share of the new unseal key.
    pub fn verify(&mut self, share: KeyShare, nonce: &str, barrier: &Barrier) -> Result<VerifyStep, RekeyVerifyError> {
        share.check_length()?;
        let (run, verification) = match &mut self.state {
            State::Idle => return Err(RekeyVerifyError::NoRekey),
            State::Collecting(..) => return Err(RekeyVerifyError::NotInProgress),
            State::Verifying(run, verification) => (*run, verification),
        };
        if !verification.nonce.is(nonce) {
            return Err(RekeyVerifyError::Nonce(verification.nonce));
        }
        let threshold = run.config.threshold();
        let Some(shares) = verification.shares.add(share, threshold).map_err(|_| RekeyVerifyError::AlreadyGiven)?
        else {
            return Ok(VerifyStep::Incomplete(self.verification_status()?));
        };
        if let Err(error) = verification.check(&shares, threshold) {
            verification.restart()?;
            return Err(error);
        }
        let change = run.change(&verification.unseal_key, barrier)?;
        let nonce = verification.nonce;
        self.state = State::Idle;
        Ok(VerifyStep::Complete { nonce, change })
    }
}

impl Verification {
    pub(super) fn new(unseal_key: UnsealKey) -> Result<Self, EntropyError> {
        Ok(Self { nonce: Nonce::generate()?, unseal_key, shares: ShareCollector::default() })
    }

    pub(super) fn nonce(&self) -> Nonce {
        self.nonce
    }

    fn check(&self, shares: &[KeyShare], threshold: usize) -> Result<(), RekeyVerifyError> {
        let combined = combined(shares, threshold)?;
        match SecretKey::from_slice(&combined) {
            Some(key) if key == *self.unseal_key.secret() => Ok(()),
            _ => Err(RekeyVerifyError::WrongShares),
        }
    }

    fn restart(&mut self) -> Result<(), RekeyVerifyError> {
        self.shares = ShareCollector::default();
        self.nonce = Nonce::generate().map_err(IssueError::from)?;
        Ok(())
    }
}

impl RekeyVerifyError {
    /// Whom to blame.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Combine(_) | Self::Issue(_) => Fault::Server,
            _ => Fault::Request,
        }
    }
}
