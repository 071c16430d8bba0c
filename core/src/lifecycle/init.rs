//! Init: all that a new server has, made in memory and committed as one entry. Either it is whole or it never was.

use std::sync::Arc;
use std::time::Duration;

use coffer_model::{ControlError, NodeRole};
use coffer_seal::{InitError as SealInitError, InitRequest, KEYRING_PATH, KeyShare, SEAL_CONFIG_PATH, initialize};
use serde::{Deserialize, Serialize};

use super::node::Node;
use super::phase::Phase;
use crate::mount::{Mount, MountConfig, MountKind, MountTable, Mounts};
use crate::policies::{DEFAULT_POLICY, PolicyRecord};
use crate::{Failure, SecretText, Timestamp, TokenType, Transaction, interchange};

/// Where the cluster's name and id are stored.
pub(super) const CLUSTER_IDENTITY_PATH: &str = "core/cluster/local/info";

/// The same in clear, of the cluster rather than of its state: a restore leaves it.
pub(super) const OWN_IDENTITY_PATH: &str = "core/coffer/cluster/identity";

/// How long a newly formed cluster of one may take to lead.
const FORM_TIME: Duration = Duration::from_secs(30);

/// Name and id of a cluster, in Vault's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterIdentity {
    /// `cluster_name`, or `vault-cluster-` and eight hex digits.
    pub name: String,
    /// A UUID.
    pub id: String,
}

/// What init gives out, once.
pub struct InitOutcome {
    /// The shares, in order.
    pub shares: Vec<KeyShare>,
    /// The first token.
    pub root_token: SecretText,
}

/// A server that was not initialised.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// It is, since long.
    #[error("Vault is already initialized")]
    Already,
    /// A node that `retry_join` names belongs to a cluster.
    #[error(
        "the node at {0}, which a retry_join block names, belongs to a cluster already: this node joins that one by itself \
         once it is unsealed, and would be a second cluster if it were initialized. If a second one is meant, take that \
         node out of retry_join; if what that node holds is of no use, empty its data folder"
    )]
    Elsewhere(String),
    /// The request, or the keys, are at fault.
    #[error(transparent)]
    Seal(#[from] SealInitError),
    /// Anything else.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Node {
    /// Forms the cluster where there is none, makes the keys, and commits the first state. The node is sealed
    /// afterwards. `root_token`: the first token's id, where it shall not be a random one (development).
    pub async fn init(
        self: &Arc<Self>,
        request: InitRequest,
        root_token: Option<SecretText>,
    ) -> Result<InitOutcome, InitError> {
        let config = request.validate()?;
        let _turn = self.turn.lock().await;
        if !matches!(&*self.phase(), Phase::Uninitialized) || self.seal_config().is_some() {
            return Err(InitError::Already);
        }
        if let Some(at) = self.initialized_elsewhere().await {
            return Err(InitError::Elsewhere(at));
        }
        self.form_alone().await?;
        let now = self.parts.clock.now();
        let made = initialize(config, now.into()).map_err(|error| InitError::Seal(error.into()))?;
        let active = self.build_active(made.barrier)?;
        let mut tx = active.transaction();
        if tx.get_clear(SEAL_CONFIG_PATH)?.is_some() {
            return Err(InitError::Already);
        }
        tx.get_clear(KEYRING_PATH)?;
        tx.put_records(&made.records);
        write_first_state(&mut tx, &self.parts.settings.cluster_name, now)?;
        let root = active.tokens.create_root(&mut tx, root_token, now)?;
        self.parts.store.commit(tx.into_command()?).await.map_err(Failure::from)?;
        tracing::info!(shares = made.shares.len(), "initialized");
        Ok(InitOutcome { shares: made.shares, root_token: root.id.clone() })
    }

    /// Forms a cluster of this node alone, and returns once it leads.
    pub(super) async fn form_alone(&self) -> Result<(), Failure> {
        match self.parts.cluster.form().await {
            // Formed by an init that was cut off before its commit: go on.
            Ok(()) | Err(ControlError::AlreadyFormed) => self.wait_to_lead().await,
            Err(error) => Err(Failure::Unavailable(format!("the cluster could not be formed: {error}"))),
        }
    }

    async fn wait_to_lead(&self) -> Result<(), Failure> {
        let mut changes = self.parts.cluster.watch();
        let leads = async {
            while self.parts.cluster.status().role != NodeRole::Leader {
                if changes.changed().await.is_err() {
                    break;
                }
            }
        };
        let led = tokio::time::timeout(FORM_TIME, leads).await.is_ok();
        if !led || self.parts.cluster.status().role != NodeRole::Leader {
            return Err(Failure::Unavailable("the node does not lead its cluster".to_owned()));
        }
        // A leader may only now be winning its first quorum.
        Ok(self.parts.store.read_fence().await?)
    }
}

/// What Vault mounts, and nothing else.
fn write_first_state(tx: &mut Transaction, cluster_name: &str, now: Timestamp) -> Result<(), Failure> {
    let mut cubbyhole = Mount::new(MountKind::Secrets, "cubbyhole/", "cubbyhole");
    cubbyhole.description = "per-token private secret storage".to_owned();
    cubbyhole.local = true;
    let mut system = Mount::new(MountKind::Secrets, "sys/", "system");
    system.description = "system endpoints used for control, policy and debugging".to_owned();
    system.seal_wrap = true;
    system.config = MountConfig { passthrough_request_headers: vec!["Accept".to_owned()], ..MountConfig::default() };
    let mut identity = Mount::new(MountKind::Secrets, "identity/", "identity");
    identity.description = "identity store".to_owned();
    identity.config =
        MountConfig { passthrough_request_headers: vec!["Authorization".to_owned()], ..MountConfig::default() };
    let entries = vec![cubbyhole, system, identity];
    Mounts::write(tx, &MountTable { kind: MountKind::Secrets, entries })?;
    let mut token = Mount::new(MountKind::Auth, "token/", "token");
    token.description = "token based credentials".to_owned();
    token.config = MountConfig { token_type: TokenType::DefaultService, ..MountConfig::default() };
    Mounts::write(tx, &MountTable { kind: MountKind::Auth, entries: vec![token] })?;
    PolicyRecord::new(DEFAULT_POLICY, now).write(tx, "default")?;
    let id = uuid::Uuid::new_v4().to_string();
    let name = match cluster_name {
        "" => format!("vault-cluster-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]),
        name => name.to_owned(),
    };
    let identity = ClusterIdentity { name, id };
    interchange::note_leases_indexed(tx);
    tx.put_clear(OWN_IDENTITY_PATH, serde_json::to_vec(&identity).map_err(Failure::internal)?);
    tx.put_json(CLUSTER_IDENTITY_PATH, &identity)
}
