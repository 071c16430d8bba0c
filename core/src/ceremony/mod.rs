//! Rekey and generate-root: the ceremonies of an unsealed node, one of each kind at a time.

mod lost;
mod pace;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use coffer_model::CommitError;
use coffer_seal::{
    Barrier, CurrentSeal, GenerateRoot, GenerateRootError, GenerateRootStarted, GenerateRootStatus, GenerateRootStep,
    KeyShare, KeyringChange, Rekey, RekeyError, RekeyRequest, RekeyStatus, RekeyStep, RekeyVerifyError,
    SEAL_CONFIG_PATH, STORED_KEYS_PATH, SealConfig, TokenCover, VerificationStatus, VerifyStep,
};
pub use lost::CeremonyKind;
use parking_lot::Mutex;

use crate::active::Active;
use crate::lifecycle::Node;
use crate::lifecycle::key_change::{self, StoreKeysError};
use crate::{Failure, SecretText, Transaction};

/// What is going on. The locks are never held over a wait for the cluster.
pub struct Ceremonies {
    rekey: Mutex<Rekey>,
    generate_root: Mutex<GenerateRoot>,
    pace: pace::Pace,
    join_pace: pace::Pace,
    /// One finishing step at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Default for Ceremonies {
    fn default() -> Self {
        Self {
            rekey: Mutex::default(),
            generate_root: Mutex::default(),
            pace: pace::Pace::of_share_holders(),
            join_pace: pace::Pace::of_joiners(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl Ceremonies {
    /// Counts an action of somebody without a token; too many are refused for a while.
    pub fn admit(&self, address: Option<IpAddr>) -> Result<(), Failure> {
        self.pace.take(address, Instant::now()).map_err(|wait| Failure::TooManyRequests {
            reason: "too many actions in rekey and generate-root from this address".to_owned(),
            headers: vec![("retry-after", wait.as_secs_f64().ceil().to_string())],
        })
    }

    /// Counts an action of somebody who says that it is a node which wants to join.
    pub fn admit_join(&self, address: Option<IpAddr>) -> Result<(), Failure> {
        self.join_pace.take(address, Instant::now()).map_err(|wait| Failure::TooManyRequests {
            reason: "too many questions by nodes that want to join, from this address".to_owned(),
            headers: vec![("retry-after", wait.as_secs_f64().ceil().to_string())],
        })
    }

    /// Forgets every share and every plan.
    pub fn cancel_all(&self) {
        self.rekey.lock().cancel();
        self.generate_root.lock().cancel();
    }

    /// Rekey as it stands.
    pub fn rekey_status(&self) -> Option<RekeyStatus> {
        self.rekey.lock().status()
    }

    /// Begins a rekey.
    pub fn start_rekey(&self, request: &RekeyRequest) -> Result<RekeyStatus, RekeyError> {
        self.rekey.lock().start(request)
    }

    /// Ends a rekey without effect.
    pub fn cancel_rekey(&self) {
        self.rekey.lock().cancel();
    }

    /// The verification of a rekey as it stands.
    pub fn verification_status(&self) -> Result<VerificationStatus, RekeyVerifyError> {
        self.rekey.lock().verification_status()
    }

    /// Begins the verification anew.
    pub fn restart_verification(&self) -> Result<VerificationStatus, RekeyVerifyError> {
        self.rekey.lock().restart_verification()
    }

    /// Generate-root as it stands.
    pub fn generate_root_status(&self) -> Option<GenerateRootStatus> {
        self.generate_root.lock().status()
    }

    /// Begins to make a root token.
    pub fn start_generate_root(
        &self,
        cover: TokenCover<'_>,
        token_len: usize,
    ) -> Result<GenerateRootStarted, GenerateRootError> {
        self.generate_root.lock().start(cover, token_len)
    }

    /// Ends it without effect.
    pub fn cancel_generate_root(&self) {
        self.generate_root.lock().cancel();
    }

    /// Takes a share of a rekey whose caller has a token. The change that the last share gives is the caller's to store.
    pub fn provide_rekey(
        &self,
        tx: &mut Transaction,
        share: KeyShare,
        nonce: &str,
    ) -> Result<RekeyStep, CeremonyError<RekeyError>> {
        let sealed = Records::read(tx)?;
        self.rekey.lock().provide(share, nonce, sealed.current(tx.barrier())).map_err(CeremonyError::Refused)
    }

    /// Takes one of the new shares back; otherwise as [`Ceremonies::provide_rekey`].
    pub fn verify_rekey(&self, tx: &Transaction, share: KeyShare, nonce: &str) -> Result<VerifyStep, RekeyVerifyError> {
        self.rekey.lock().verify(share, nonce, tx.barrier())
    }

    /// Takes a share for a root token whose caller has a token; the last one gives leave to make it.
    pub fn provide_generate_root(
        &self,
        tx: &mut Transaction,
        share: KeyShare,
        nonce: &str,
    ) -> Result<GenerateRootStep, CeremonyError<GenerateRootError>> {
        let sealed = Records::read(tx)?;
        self.generate_root.lock().provide(share, nonce, sealed.current(tx.barrier())).map_err(CeremonyError::Refused)
    }
}

/// A step, and what the operator has to know besides.
pub struct Provided<S> {
    /// The step.
    pub step: S,
    /// Set where it is not known whether the new keys were stored.
    pub warning: Option<String>,
}

/// A share of a ceremony that was not taken, or whose outcome could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError<E: std::error::Error> {
    /// The ceremony's own refusal.
    #[error("{0}")]
    Refused(E),
    /// The node or the store.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Node {
    /// Takes a share of a rekey; the last one stores the new keys, unless they are to be verified first.
    pub async fn provide_rekey(
        &self,
        share: KeyShare,
        nonce: &str,
    ) -> Result<Provided<RekeyStep>, CeremonyError<RekeyError>> {
        let ceremonies = self.ceremonies();
        let _turn = ceremonies.turn.lock().await;
        let active = self.require_active()?;
        let step = ceremonies.provide_rekey(&mut active.transaction(), share, nonce);
        let step = or_lost(&active, step, CeremonyKind::Rekey)?;
        let warning = match &step {
            RekeyStep::Complete { change, .. } => {
                let warning = store_change(&active, change).await?;
                self.forget_ceremony(CeremonyKind::Rekey).await;
                warning
            }
            RekeyStep::Incomplete(_) | RekeyStep::ToVerify { .. } => None,
        };
        Ok(Provided { step, warning })
    }

    /// Takes one of the new shares back; the last one stores the new keys.
    pub async fn verify_rekey(
        &self,
        share: KeyShare,
        nonce: &str,
    ) -> Result<Provided<VerifyStep>, CeremonyError<RekeyVerifyError>> {
        let ceremonies = self.ceremonies();
        let _turn = ceremonies.turn.lock().await;
        let active = self.require_active()?;
        let step = ceremonies.rekey.lock().verify(share, nonce, &active.barrier).map_err(CeremonyError::Refused);
        let step = or_lost(&active, step, CeremonyKind::Rekey)?;
        let warning = match &step {
            VerifyStep::Complete { change, .. } => {
                let warning = store_change(&active, change).await?;
                self.forget_ceremony(CeremonyKind::Rekey).await;
                warning
            }
            VerifyStep::Incomplete(_) => None,
        };
        Ok(Provided { step, warning })
    }

    /// Takes a share for a root token; the last one makes it and gives it back encoded.
    pub async fn provide_generate_root(
        &self,
        share: KeyShare,
        nonce: &str,
    ) -> Result<GenerateRootProgress, CeremonyError<GenerateRootError>> {
        let ceremonies = self.ceremonies();
        let _turn = ceremonies.turn.lock().await;
        let active = self.require_active()?;
        let step = ceremonies.provide_generate_root(&mut active.transaction(), share, nonce);
        let step = or_lost(&active, step, CeremonyKind::GenerateRoot)?;
        match step {
            GenerateRootStep::Incomplete(status) => Ok(GenerateRootProgress::Incomplete(status)),
            GenerateRootStep::Authorized(permit) => {
                // The shares are used up: a commit that meets another's is tried again rather than lost.
                let token = loop {
                    let mut tx = active.transaction();
                    let token = active.tokens.create_root(&mut tx, None, active.now())?;
                    match active.store.commit(tx.into_command()?).await {
                        Ok(_) => break token,
                        Err(CommitError::Conflict { .. }) => tokio::task::yield_now().await,
                        Err(error) => return Err(Failure::from(error).into()),
                    }
                };
                self.forget_ceremony(CeremonyKind::GenerateRoot).await;
                let nonce = permit.nonce().to_string();
                let encoded = permit.encode(token.id.expose()).map_err(Failure::internal)?;
                Ok(GenerateRootProgress::Complete { nonce, encoded: SecretText::new(encoded) })
            }
        }
    }
}

/// A refusal because nothing is in progress is told with what became of it.
fn or_lost<S, E: std::error::Error>(
    active: &Active,
    step: Result<S, CeremonyError<E>>,
    kind: CeremonyKind,
) -> Result<S, CeremonyError<E>> {
    step.map_err(|error| match (&error, kind.fate_of_last(active)) {
        (CeremonyError::Refused(refusal), Some(lost)) => Failure::Invalid(format!("{refusal}{lost}")).into(),
        _ => error,
    })
}

/// Where a root token's making stands.
pub enum GenerateRootProgress {
    /// More shares are needed.
    Incomplete(GenerateRootStatus),
    /// Made.
    Complete {
        /// The run's.
        nonce: String,
        /// The token under the one-time pad.
        encoded: SecretText,
    },
}

/// What the shares are measured against.
struct Records {
    config: SealConfig,
    stored_keys: Vec<u8>,
}

impl Records {
    fn read(tx: &mut Transaction) -> Result<Self, Failure> {
        let config = tx.get_clear(SEAL_CONFIG_PATH)?.ok_or(Failure::Uninitialized)?;
        let config = SealConfig::read(&config).map_err(Failure::internal)?;
        let stored_keys = tx.get_clear(STORED_KEYS_PATH)?.ok_or_else(|| Failure::internal("no stored keys"))?;
        Ok(Self { config, stored_keys })
    }

    fn current<'a>(&'a self, barrier: &'a Barrier) -> CurrentSeal<'a> {
        CurrentSeal { config: self.config, stored_keys: &self.stored_keys, barrier }
    }
}

/// Stores a change of keys. It takes effect when it is applied, on this node as on the others. Where its fate is not
/// known, a warning instead of an error: the new shares may be the only ones that open the server.
pub(crate) async fn store_change(active: &Arc<Active>, change: &KeyringChange) -> Result<Option<String>, Failure> {
    match key_change::store(active, change).await {
        Ok(()) => Ok(None),
        Err(StoreKeysError::Commit(CommitError::Unknown)) => Ok(Some(
            "leadership changed while the new keys were being stored: keep the old and the new shares until \
             sys/seal-status and an unseal show which of them are in force"
                .to_owned(),
        )),
        Err(error) => Err(error.into()),
    }
}
