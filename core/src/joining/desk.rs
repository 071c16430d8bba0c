//! What the joining node needs of the server: to speak to a node of the cluster, and to remember over a restart.

use std::path::PathBuf;

use super::wire::{Answer, JoinerCard, Offered, SealedCard};
use crate::SecretText;

/// A node through which to join; any member will do, since those that don't lead pass on what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinTarget {
    /// URL of its API.
    pub api_address: String,
    /// The name that its certificate must bear.
    pub server_name: Option<String>,
    /// The CA of its certificate; the system's if `None`.
    pub ca: Option<Pem>,
    /// What this node shows it: certificate and key.
    pub client: Option<(Pem, Pem)>,
    /// Named in the configuration, and so known at the next start as well.
    pub configured: bool,
}

/// PEM text, or the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pem {
    /// A file.
    File(PathBuf),
    /// The text, which may be a private key.
    Text(SecretText),
}

/// A join under way, as it is kept for the next start of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedJoin {
    /// Through whom; those of the configuration are not among them.
    pub targets: Vec<JoinTarget>,
    /// Without a vote.
    pub non_voter: bool,
    /// What the cluster told; `None` while no node of it could be asked.
    pub seal: Option<RememberedSeal>,
}

/// What is known of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedSeal {
    /// Shares made.
    pub shares: usize,
    /// Shares needed.
    pub threshold: usize,
    /// As [`super::Offer::raft_cluster_id`].
    pub cluster_id: String,
    /// Of a node that was removed and joins again: what its keys were sealed in. Its new keys must open that too, since
    /// anybody can ask a removed node to join.
    pub former: Option<FormerKeys>,
}

/// The sealed keys of a former membership, as they lay on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerKeys {
    /// The record at `core/hsm/barrier-unseal-keys`.
    pub stored_keys: Vec<u8>,
    /// The record at `core/keyring`.
    pub keyring: Vec<u8>,
}

/// A node that gave no offer, or no card. The texts name the node and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// No answer.
    #[error("{0}")]
    Unreachable(String),
    /// It can't answer now; later it may.
    #[error("{0}")]
    NotNow(String),
    /// It will not.
    #[error("{0}")]
    Refused(String),
}

/// The server's part in a join.
#[async_trait::async_trait]
pub trait JoinDesk: Send + Sync {
    /// Whether the node there is a member of a cluster, not one that looks for one or was removed.
    async fn is_initialized(&self, at: &JoinTarget) -> Result<bool, DeskError>;

    /// Introduces this node.
    async fn challenge(&self, at: &JoinTarget, joiner: &JoinerCard) -> Result<Offered, DeskError>;

    /// Answers a challenge.
    async fn answer(&self, at: &JoinTarget, answer: &Answer) -> Result<SealedCard, DeskError>;

    /// Keeps a join for the next start, durably, or forgets it.
    fn remember(&self, join: Option<&RememberedJoin>) -> Result<(), String>;

    /// Starts the server anew, since its data was set aside.
    fn restart(&self);
}
