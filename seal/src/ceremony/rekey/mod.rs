//! New shares, and with them a new unseal key and a new root key, by enough of the current shares.

mod error;
mod request;
mod verify;

pub use error::RekeyError;
pub use request::RekeyRequest;
pub use verify::{RekeyVerifyError, VerificationStatus, VerifyStep};

use verify::Verification;

use super::authorize::{CurrentSeal, authorize};
use super::collector::ShareCollector;
use super::init::unseal_records;
use crate::barrier::{Barrier, KeyringChange};
use crate::key_share::KeyShare;
use crate::nonce::Nonce;
use crate::seal_config::SealConfig;
use crate::unseal_key::{IssueError, UnsealKey};

/// The rekey ceremony: one at a time, lost when the node seals or stops leading.
///
/// Begun with [`Rekey::start`]; [`Rekey::provide`] takes current shares and gives the new ones. Where verification
/// is required the server's keys change only after [`Rekey::verify`] has seen enough of the new shares; the new unseal
/// key is in memory alone until then.
#[derive(Default)]
pub struct Rekey {
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Collecting(Run, ShareCollector),
    Verifying(Run, Verification),
}

#[derive(Clone, Copy)]
struct Run {
    nonce: Nonce,
    config: SealConfig,
    verification_required: bool,
}

/// `sys/rekey/init` of a rekey under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RekeyStatus {
    /// The run.
    pub nonce: Nonce,
    /// Shares and threshold to be.
    pub config: SealConfig,
    /// Current shares held.
    pub progress: usize,
    /// Whether the new shares have to be shown before the keys change.
    pub verification_required: bool,
    /// The verification under way.
    pub verification_nonce: Option<Nonce>,
}

/// After a current share was taken.
#[derive(Clone, Debug)]
pub enum RekeyStep {
    /// More shares are needed.
    Incomplete(RekeyStatus),
    /// The new shares, which change nothing before they are verified.
    ToVerify {
        /// The run that ended.
        nonce: Nonce,
        /// For the operators.
        shares: Vec<KeyShare>,
        /// The verification that began.
        verification_nonce: Nonce,
    },
    /// The new shares, which are the server's once `change` is stored. If it surely was not stored, throw them away;
    /// if that is not known, hand them out with a warning: they may be the only ones.
    Complete {
        /// The run that ended.
        nonce: Nonce,
        /// For the operators.
        shares: Vec<KeyShare>,
        /// To be stored and installed.
        change: KeyringChange,
    },
}

impl Rekey {
    /// Begins a run.
    pub fn start(&mut self, request: &RekeyRequest) -> Result<RekeyStatus, RekeyError> {
        let config = request.validate()?;
        if !matches!(self.state, State::Idle) {
            return Err(RekeyError::InProgress);
        }
        let run = Run { nonce: Nonce::generate()?, config, verification_required: request.verification_required };
        self.state = State::Collecting(run, ShareCollector::default());
        Ok(run.status(0, None))
    }

    /// Ends a run, and a verification, without effect.
    pub fn cancel(&mut self) {
        self.state = State::Idle;
    }

    /// The run under way.
    pub fn status(&self) -> Option<RekeyStatus> {
        match &self.state {
            State::Idle => None,
            State::Collecting(run, shares) => Some(run.status(shares.progress(), None)),
            State::Verifying(run, verification) => Some(run.status(0, Some(verification.nonce()))),
        }
    }

    /// Takes a share of the current unseal key. Wrong shares clear the progress; the run goes on.
    pub fn provide(&mut self, share: KeyShare, nonce: &str, seal: CurrentSeal<'_>) -> Result<RekeyStep, RekeyError> {
        share.check_length()?;
        let (run, held) = match &mut self.state {
            State::Idle => return Err(RekeyError::NotInProgress),
            State::Verifying(_, verification) => return Err(RekeyError::ToVerify(verification.nonce())),
            State::Collecting(run, held) => (*run, held),
        };
        if !run.nonce.is(nonce) {
            return Err(RekeyError::Nonce(run.nonce));
        }
        let Some(shares) = held.add(share, seal.config.threshold()).map_err(|_| RekeyError::AlreadyGiven)? else {
            return Ok(RekeyStep::Incomplete(run.status(held.progress(), None)));
        };
        authorize(&shares, seal)?;
        let unseal_key = UnsealKey::generate()?;
        let shares = unseal_key.shares(run.config).map_err(IssueError::from)?;
        if run.verification_required {
            let verification = Verification::new(unseal_key)?;
            let verification_nonce = verification.nonce();
            self.state = State::Verifying(run, verification);
            return Ok(RekeyStep::ToVerify { nonce: run.nonce, shares, verification_nonce });
        }
        let change = run.change(&unseal_key, seal.barrier)?;
        self.state = State::Idle;
        Ok(RekeyStep::Complete { nonce: run.nonce, shares, change })
    }
}

impl Run {
    fn status(&self, progress: usize, verification_nonce: Option<Nonce>) -> RekeyStatus {
        RekeyStatus {
            nonce: self.nonce,
            config: self.config,
            progress,
            verification_required: self.verification_required,
            verification_nonce,
        }
    }

    fn change(&self, unseal_key: &UnsealKey, barrier: &Barrier) -> Result<KeyringChange, IssueError> {
        let change = barrier.plan_root_key(unseal_key.secret())?;
        Ok(change.with(unseal_records(barrier, unseal_key, self.config)?))
    }
}

#[cfg(test)]
mod tests;
