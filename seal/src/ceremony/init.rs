//! The first ceremony: new keys, their shares, and the records of an initialised server.

use time::OffsetDateTime;

use super::fault::Fault;
use crate::barrier::{Barrier, Keyring, WriteKeyringError};
use crate::key_share::KeyShare;
use crate::record::{RecordChanges, UNSEAL_KEY_PATH};
use crate::seal_config::{SEAL_TYPE, SealConfig, SealConfigError};
use crate::stored_keys::write_stored_keys;
use crate::unseal_key::{IssueError, UnsealKey};

/// `sys/init`, as it came.
#[derive(Clone, Copy, Debug, Default)]
pub struct InitRequest {
    /// Shares to make.
    pub secret_shares: i64,
    /// Shares that unseal.
    pub secret_threshold: i64,
    /// PGP keys given, for shares or root token.
    pub pgp_keys: usize,
    /// Zero unless given; for a seal that unseals by itself.
    pub recovery_shares: i64,
    /// Zero unless given; for a seal that unseals by itself.
    pub recovery_threshold: i64,
    /// PGP keys given for recovery shares.
    pub recovery_pgp_keys: usize,
}

/// A new server's keys.
#[must_use = "the shares exist nowhere else"]
pub struct Initialized {
    /// For the operators, once the records are stored.
    pub shares: Vec<KeyShare>,
    /// All to be stored in one commit, on the condition that `core/keyring` and `core/seal-config` are absent.
    pub records: RecordChanges,
    /// The open barrier, to write what else a new server has (policies, mounts, the root token).
    pub barrier: Barrier,
}

/// A server that was not initialised.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Settings that another type of seal has.
    #[error("parameters {} not applicable to seal type {SEAL_TYPE}", .0.join(","))]
    NotApplicable(Vec<&'static str>),
    /// Shares encrypted with PGP are not built.
    #[error("PGP keys are not supported by this server: leave out pgp_keys and root_token_pgp_key")]
    PgpKeys,
    /// See [`SealConfigError`].
    #[error("invalid seal configuration: {0}")]
    Config(#[from] SealConfigError),
    /// See [`IssueError`].
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl InitRequest {
    /// The configuration that is asked for, if it is one.
    pub fn validate(&self) -> Result<SealConfig, InitError> {
        let recovery = [
            ("recovery_shares", self.recovery_shares != 0),
            ("recovery_threshold", self.recovery_threshold != 0),
            ("recovery_pgp_keys", self.recovery_pgp_keys != 0),
        ];
        let given: Vec<_> = recovery.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
        if !given.is_empty() {
            return Err(InitError::NotApplicable(given));
        }
        if self.pgp_keys > 0 {
            return Err(InitError::PgpKeys);
        }
        Ok(SealConfig::new(self.secret_shares, self.secret_threshold)?)
    }
}

impl InitError {
    /// Whom to blame.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NotApplicable(_) | Self::PgpKeys | Self::Config(_) => Fault::Request,
            Self::Issue(_) => Fault::Server,
        }
    }
}

/// Makes all keys of a new server at `now`.
pub fn initialize(config: SealConfig, now: OffsetDateTime) -> Result<Initialized, IssueError> {
    let unseal_key = UnsealKey::generate()?;
    let keyring = Keyring::generate(now)?;
    let mut records = keyring.records()?.and(write_stored_keys(unseal_key.secret(), keyring.root())?);
    let barrier = Barrier::new(keyring);
    records = records.and(unseal_records(&barrier, &unseal_key, config)?);
    // There is nothing yet that could have to go.
    records.deletes.clear();
    Ok(Initialized { shares: unseal_key.shares(config)?, records, barrier })
}

/// The unseal key behind the barrier, and into how many shares it is split.
pub(super) fn unseal_records(
    barrier: &Barrier,
    unseal_key: &UnsealKey,
    config: SealConfig,
) -> Result<RecordChanges, WriteKeyringError> {
    let mut changes = config.record().map_err(|_| WriteKeyringError::Encode)?;
    changes.put(UNSEAL_KEY_PATH, barrier.encrypt(UNSEAL_KEY_PATH, unseal_key.secret().bytes())?);
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::testing::now;
    use crate::record::{KEYRING_PATH, ROOT_KEY_PATH, SEAL_CONFIG_PATH, STORED_KEYS_PATH};

    #[test]
    fn what_cannot_be_is_refused() {
        let text = |request: InitRequest| request.validate().unwrap_err().to_string();
        assert_eq!(text(InitRequest::default()), "invalid seal configuration: shares must be at least one");
        let request = InitRequest { recovery_shares: 5, recovery_threshold: 3, ..InitRequest::default() };
        assert_eq!(text(request), "parameters recovery_shares,recovery_threshold not applicable to seal type shamir");
        let request = InitRequest { secret_shares: 1, secret_threshold: 1, pgp_keys: 1, ..InitRequest::default() };
        assert!(matches!(request.validate(), Err(InitError::PgpKeys)));
        assert_eq!(request.validate().unwrap_err().fault(), Fault::Request);
    }

    #[test]
    fn a_new_server_has_these_records_and_so_many_shares() {
        let config = SealConfig::new(5, 3).unwrap();
        let made = initialize(config, now()).unwrap();
        let mut paths: Vec<_> = made.records.puts.iter().map(|record| record.path.as_str()).collect();
        paths.sort_unstable();
        let mut expected = [KEYRING_PATH, ROOT_KEY_PATH, SEAL_CONFIG_PATH, STORED_KEYS_PATH, UNSEAL_KEY_PATH];
        expected.sort_unstable();
        assert_eq!(paths, expected);
        assert!(made.records.deletes.is_empty());
        assert_eq!(made.shares.len(), 5);
        assert!(made.shares.iter().all(|share| share.bytes().len() == 33 && share.to_hex().len() == 66));
        assert_eq!(made.barrier.key_status().term, 1);
    }

    #[test]
    fn one_share_is_the_unseal_key_itself() {
        let made = initialize(SealConfig::new(1, 1).unwrap(), now()).unwrap();
        let entry = made.records.value(UNSEAL_KEY_PATH).unwrap();
        assert_eq!(made.barrier.decrypt(UNSEAL_KEY_PATH, entry).unwrap().as_slice(), made.shares[0].bytes());
    }
}
