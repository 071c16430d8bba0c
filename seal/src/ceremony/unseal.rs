//! Share by share until the barrier opens.

use super::collector::ShareCollector;
use super::fault::Fault;
use crate::barrier::{Barrier, Keyring, OpenKeyringError};
use crate::join_proof::JoinKey;
use crate::key_share::{KeyShare, ShareLengthError};
use crate::nonce::Nonce;
use crate::seal_config::SealConfig;
use crate::secret_key::EntropyError;
use crate::shamir::CombineError;
use crate::stored_keys::StoredKeysError;
use crate::unseal_key::{OpenRootKeyError, UnsealKey, combined};

/// The unseal ceremony of one node. Its shares are gone once the barrier is open, a key turned out wrong, or it was
/// reset.
#[derive(Default)]
pub struct Unseal {
    run: Option<Run>,
}

struct Run {
    nonce: Nonce,
    shares: ShareCollector,
}

/// What has to be known of a sealed server to open it.
#[derive(Clone, Copy)]
pub struct SealedRecords<'a> {
    /// From `core/seal-config`.
    pub config: SealConfig,
    /// The record at `core/hsm/barrier-unseal-keys`.
    pub stored_keys: &'a [u8],
    /// The record at `core/keyring`.
    pub keyring: &'a [u8],
}

/// After a share was taken.
#[derive(Debug)]
pub enum UnsealStep {
    /// More shares are needed. A share that was given before changes nothing.
    Incomplete(UnsealProgress),
    /// Open.
    Opened(Barrier),
}

/// After a share was taken by a node that joins a cluster.
#[derive(Debug)]
pub enum JoinShares {
    /// As [`UnsealStep::Incomplete`].
    Incomplete(UnsealProgress),
    /// What they gave; whether it is the cluster's key is for the cluster to say.
    Key(JoinKey),
}

/// `progress` and `nonce` of `sys/seal-status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnsealProgress {
    /// Shares held.
    pub shares: usize,
    /// The run they belong to; none without shares.
    pub nonce: Option<Nonce>,
}

/// A share that did not help. But for the first kind, the shares given so far are gone.
#[derive(Debug, thiserror::Error)]
pub enum UnsealError {
    /// No share can be so long or so short.
    #[error("invalid key: {0}")]
    Length(#[from] ShareLengthError),
    /// The shares can't belong together.
    #[error("invalid key: failed to compute combined key: {0}")]
    Combine(#[from] CombineError),
    /// They gave no key.
    #[error("invalid key: {0}")]
    KeySize(OpenRootKeyError),
    /// They gave a key that does not open the root key.
    #[error("unable to retrieve stored keys: {0}")]
    Stored(#[from] StoredKeysError),
    /// The root key does not open the keyring.
    #[error(transparent)]
    Keyring(#[from] OpenKeyringError),
    /// See [`EntropyError`].
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl Unseal {
    /// Shares held.
    pub fn progress(&self) -> UnsealProgress {
        self.run.as_ref().map_or_else(UnsealProgress::default, |run| UnsealProgress {
            shares: run.shares.progress(),
            nonce: Some(run.nonce),
        })
    }

    /// Forgets all shares.
    pub fn reset(&mut self) {
        self.run = None;
    }

    /// Takes a share, and tries what they give once there are enough.
    pub fn provide(&mut self, share: KeyShare, records: SealedRecords<'_>) -> Result<UnsealStep, UnsealError> {
        let threshold = records.config.threshold();
        let Some(shares) = self.collect(share, threshold)? else {
            return Ok(UnsealStep::Incomplete(self.progress()));
        };
        let combined = combined(&shares, threshold)?;
        let (_, root) = UnsealKey::open(&combined, records.stored_keys)?;
        let keyring = Keyring::open(&root, records.keyring)?;
        Ok(UnsealStep::Opened(Barrier::new(keyring)))
    }

    /// As [`Unseal::provide`], on a node that has no records yet.
    pub fn provide_to_join(&mut self, share: KeyShare, config: SealConfig) -> Result<JoinShares, UnsealError> {
        let threshold = config.threshold();
        Ok(match self.collect(share, threshold)? {
            Some(shares) => JoinShares::Key(JoinKey::from_shares(&shares, threshold)?),
            None => JoinShares::Incomplete(self.progress()),
        })
    }

    /// All shares, which are then no longer held, once there are enough.
    fn collect(&mut self, share: KeyShare, threshold: usize) -> Result<Option<Vec<KeyShare>>, UnsealError> {
        share.check_length()?;
        let run = match &mut self.run {
            Some(run) => run,
            none => none.insert(Run { nonce: Nonce::generate()?, shares: ShareCollector::default() }),
        };
        let shares = run.shares.add(share, threshold).unwrap_or(None);
        if shares.is_some() {
            self.run = None;
        }
        Ok(shares)
    }
}

impl From<OpenRootKeyError> for UnsealError {
    fn from(error: OpenRootKeyError) -> Self {
        match error {
            OpenRootKeyError::Stored(error) => Self::Stored(error),
            size @ OpenRootKeyError::KeySize(_) => Self::KeySize(size),
        }
    }
}

impl UnsealError {
    /// Whom to blame.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Length(_)
            | Self::Combine(_)
            | Self::KeySize(_)
            | Self::Stored(StoredKeysError::InvalidKey)
            | Self::Keyring(OpenKeyringError::InvalidKey) => Fault::Request,
            Self::Stored(_) | Self::Keyring(_) | Self::Entropy(_) => Fault::Server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::testing::Server;

    fn progress(step: Result<UnsealStep, UnsealError>) -> UnsealProgress {
        match step {
            Ok(UnsealStep::Incomplete(progress)) => progress,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn enough_shares_in_any_order_open_the_barrier() {
        let server = Server::new(5, 3);
        let entry = server.barrier.encrypt("p", b"secret").unwrap();
        let mut unseal = Unseal::default();
        assert_eq!(unseal.progress(), UnsealProgress::default());
        let first = progress(unseal.provide(server.shares[4].clone(), server.sealed()));
        assert_eq!(first.shares, 1);
        let second = progress(unseal.provide(server.shares[0].clone(), server.sealed()));
        assert_eq!((second.shares, second.nonce), (2, first.nonce));
        let Ok(UnsealStep::Opened(barrier)) = unseal.provide(server.shares[2].clone(), server.sealed()) else {
            panic!("not opened");
        };
        assert_eq!(barrier.decrypt("p", &entry).unwrap().as_slice(), b"secret");
        assert_eq!(unseal.progress(), UnsealProgress::default());
    }

    #[test]
    fn one_share_opens_where_one_is_enough() {
        let server = Server::new(1, 1);
        let step = Unseal::default().provide(server.shares[0].clone(), server.sealed());
        assert!(matches!(step, Ok(UnsealStep::Opened(_))));
    }

    #[test]
    fn a_share_given_twice_counts_once() {
        let server = Server::new(5, 3);
        let mut unseal = Unseal::default();
        let first = progress(unseal.provide(server.shares[0].clone(), server.sealed()));
        assert_eq!(progress(unseal.provide(server.shares[0].clone(), server.sealed())), first);
    }

    #[test]
    fn a_reset_forgets_and_the_next_run_has_another_nonce() {
        let server = Server::new(5, 3);
        let mut unseal = Unseal::default();
        let first = progress(unseal.provide(server.shares[0].clone(), server.sealed()));
        unseal.reset();
        assert_eq!(unseal.progress(), UnsealProgress::default());
        assert_ne!(progress(unseal.provide(server.shares[0].clone(), server.sealed())).nonce, first.nonce);
    }

    #[test]
    fn wrong_shares_clear_the_progress_in_vaults_words() {
        let server = Server::new(5, 3);
        let other = Server::new(5, 3);
        let mut unseal = Unseal::default();
        let mut fail = |last: KeyShare| {
            let _ = progress(unseal.provide(server.shares[0].clone(), server.sealed()));
            let _ = progress(unseal.provide(server.shares[1].clone(), server.sealed()));
            let error = unseal.provide(last, server.sealed()).unwrap_err();
            assert_eq!(error.fault(), Fault::Request);
            assert_eq!(unseal.progress(), UnsealProgress::default());
            error.to_string()
        };
        // A share of another server with a coordinate that is not in use here.
        let taken = [server.shares[0].bytes()[32], server.shares[1].bytes()[32]];
        let stranger = other.shares.iter().find(|share| !taken.contains(&share.bytes()[32])).unwrap();
        assert_eq!(
            fail(stranger.clone()),
            "unable to retrieve stored keys: invalid key: failed to decrypt keys from storage: cipher: message \
             authentication failed"
        );
        assert_eq!(
            fail(KeyShare::parse(&"ab".repeat(20)).unwrap()),
            "invalid key: failed to compute combined key: all parts must be the same length"
        );
        let mut changed = server.shares[0].bytes().to_vec();
        changed[0] ^= 1;
        assert_eq!(
            fail(KeyShare::parse(&hex::encode(changed)).unwrap()),
            "invalid key: failed to compute combined key: duplicate part detected"
        );
    }

    #[test]
    fn a_share_of_impossible_length_leaves_the_progress() {
        let server = Server::new(5, 3);
        let mut unseal = Unseal::default();
        let _ = progress(unseal.provide(server.shares[0].clone(), server.sealed()));
        let error = unseal.provide(KeyShare::parse("abcd").unwrap(), server.sealed()).unwrap_err();
        assert_eq!(error.to_string(), "invalid key: key is shorter than minimum 16 bytes");
        assert_eq!(unseal.progress().shares, 1);
    }

    #[test]
    fn a_single_key_of_another_size_is_named() {
        let server = Server::new(1, 1);
        let provide = |bytes| {
            let share = KeyShare::parse(&"ab".repeat(bytes)).unwrap();
            Unseal::default().provide(share, server.sealed()).unwrap_err().to_string()
        };
        assert_eq!(provide(33), "invalid key: failed to setup unseal key: crypto/aes: invalid key size 33");
        assert!(provide(16).ends_with("message authentication failed"));
    }

    #[test]
    fn damaged_records_are_the_servers_fault() {
        let server = Server::new(1, 1);
        for records in
            [SealedRecords { stored_keys: b"", ..server.sealed() }, SealedRecords { keyring: b"", ..server.sealed() }]
        {
            let error = Unseal::default().provide(server.shares[0].clone(), records).unwrap_err();
            assert_eq!(error.fault(), Fault::Server, "{error}");
        }
    }
}
