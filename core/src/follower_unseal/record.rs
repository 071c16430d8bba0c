//! What is replicated of a ceremony, in clear so that sealed nodes can read it: who may be opened, and who was.

use coffer_model::{Command, Precondition, Put, Store, StoreError, Versioned};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::message::WireKey;
use crate::{Failure, Timestamp};

/// The last ceremony that opened.
pub(crate) const EPOCH_PATH: &str = "core/coffer/cluster/follower-unseal/epoch";

/// `<epoch>/<raft id>` of every node that was handed the root key.
const GRANTS_PREFIX: &str = "core/coffer/cluster/follower-unseal/grants/";

/// Grants of earlier ceremonies removed when one opens; there is one a member.
const OLD_GRANTS: usize = 256;

/// A ceremony.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EpochRecord {
    /// Counts the ceremonies of the cluster, from 1.
    pub(super) epoch: u64,
    /// `node_id` of the node that operators unsealed, and its Raft id.
    pub(super) leader: String,
    pub(super) leader_raft_id: u64,
    pub(super) opened_at: Timestamp,
    /// Who may be opened.
    pub(super) roster: Vec<RosterEntry>,
}

/// A voter that said it is sealed, and as which start of its process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RosterEntry {
    pub(super) node_id: String,
    pub(super) raft_id: u64,
    pub(super) boot_id: Uuid,
    pub(super) key: WireKey,
}

#[derive(Serialize)]
struct GrantRecord<'a> {
    node_id: &'a str,
    boot_id: Uuid,
    granted_at: Timestamp,
}

/// The last ceremony, and the stored record it was read from.
pub(super) fn read(store: &dyn Store) -> Result<(Option<EpochRecord>, Option<Versioned>), StoreError> {
    let found = store.get(EPOCH_PATH)?;
    let record = found.as_ref().map(|found| serde_json::from_slice(&found.value)).transpose();
    match record {
        Ok(record) => Ok((record, found)),
        Err(error) => Err(StoreError(format!("{EPOCH_PATH} is not the record it should be: {error}"))),
    }
}

/// The number of the last ceremony; 0 before the first.
pub(super) fn epoch(store: &dyn Store) -> Result<u64, StoreError> {
    Ok(read(store)?.0.map_or(0, |record| record.epoch))
}

impl EpochRecord {
    /// Opens it, if `before` is still the last one.
    pub(super) fn open(&self, store: &dyn Store, before: Option<&Versioned>) -> Result<Command, Failure> {
        let old = store.scan(GRANTS_PREFIX, "", OLD_GRANTS)?;
        Ok(Command {
            preconditions: vec![precondition(EPOCH_PATH, before)],
            puts: vec![Put { key: EPOCH_PATH.to_owned(), value: serde_json::to_vec(self).map_err(Failure::internal)? }],
            deletes: old,
        })
    }

    /// Notes that `entry` is handed the root key, if it was not yet and no other ceremony has opened.
    pub(super) fn grant(&self, store: &dyn Store, entry: &RosterEntry, now: Timestamp) -> Result<Command, Failure> {
        let (current, stored) = read(store)?;
        if current.as_ref() != Some(self) {
            return Err(Failure::Unavailable("another ceremony has opened".to_owned()));
        }
        let key = format!("{GRANTS_PREFIX}{}/{:016x}", self.epoch, entry.raft_id);
        let grant = GrantRecord { node_id: &entry.node_id, boot_id: entry.boot_id, granted_at: now };
        Ok(Command {
            preconditions: vec![precondition(EPOCH_PATH, stored.as_ref()), precondition(&key, None)],
            puts: vec![Put { key, value: serde_json::to_vec(&grant).map_err(Failure::internal)? }],
            deletes: Vec::new(),
        })
    }
}

fn precondition(key: &str, found: Option<&Versioned>) -> Precondition {
    Precondition { key: key.to_owned(), revision: found.map(|found| found.revision) }
}
