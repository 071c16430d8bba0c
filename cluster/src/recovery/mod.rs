//! Recovery of a cluster that has lost a majority of its voters for good: on each node that is left, while it is
//! stopped, the member list is replaced by one that an operator gives.
//!
//! All that this node's log holds counts as committed, as in Vault: what had reached it and no majority is kept. The
//! log is purged, so that nobody ever hears of the old list from it. The members left out are fenced as removed ones are:
//! when one of them comes back and meets a recovered node, it is told so and takes no further part. (Nothing can
//! keep a majority of them, started apart, from electing a leader among themselves before that: whoever recovers must
//! have stopped them for good.) The term rises, so that no answer of before counts.

mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use coffer_storage::{LogPosition, Medium, RecordKind, Stores, Vote};

pub use wanted::Wanted;

use crate::apply;
use crate::member::{self, MemberNode};
use crate::membership::removal;
use crate::raft_types::{self, Membership};

/// Below the data folder; where Vault looks for it.
const PEERS_JSON: &str = "raft/peers.json";
/// What becomes of it.
const PEERS_INFO: &str = "raft/peers.info";
/// A list of more bytes is none.
const MAX_BYTES: u64 = 1 << 20;
/// Log read at once.
const READ_BYTES: usize = 4 << 20;

/// Why nothing was recovered; nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The folder cannot be opened: no data there, or a server runs on it.
    #[error(transparent)]
    Open(#[from] coffer_storage::OpenError),
    /// What is asked for makes no sense, in words.
    #[error("{0}")]
    Wanted(String),
    /// The files cannot be read or written.
    #[error("{0}")]
    Files(String),
}

impl From<coffer_storage::StoreFault> for RecoveryError {
    fn from(fault: coffer_storage::StoreFault) -> Self {
        Self::Files(fault.to_string())
    }
}

/// A member, before or after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryMember {
    /// Its `node_id`.
    pub node_id: String,
    /// Host and port of its cluster listener.
    pub address: String,
    /// Whether it votes.
    pub voter: bool,
}

/// The data of a node whose server does not run.
#[derive(Debug)]
pub struct OfflineNode {
    stores: Stores,
    list: Membership,
}

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    list: Membership,
    left_out: BTreeMap<u64, MemberNode>,
}

impl Plan {
    /// The members that will be.
    pub fn members(&self) -> Vec<RecoveryMember> {
        shown(&self.list)
    }
}

impl OfflineNode {
    /// Opens a data folder for this process alone. Blocks.
    ///
    /// # Errors
    /// A server runs on it; it holds no data, or those of no cluster.
    pub fn open(folder: &Path) -> Result<Self, RecoveryError> {
        if !folder.join("raft.redb").exists() {
            return Err(RecoveryError::Files(format!("{} holds no data of a node", folder.display())));
        }
        let stores = coffer_storage::open(&Medium::Folder(folder.to_owned()), None)?;
        let list = newest_list(&stores)?;
        Ok(Self { stores, list })
    }

    /// This node's `node_id`.
    pub fn node_id(&self) -> String {
        self.stores.identity().node_id
    }

    /// The members that are.
    pub fn members(&self) -> Vec<RecoveryMember> {
        shown(&self.list)
    }

    /// Checks what is asked for.
    ///
    /// # Errors
    /// [`RecoveryError::Wanted`].
    pub fn plan(&self, wanted: &[Wanted]) -> Result<Plan, RecoveryError> {
        plan(&self.stores, &self.list, wanted)
    }

    /// Replaces the member list, durably. Blocks.
    ///
    /// # Errors
    /// Those of the files.
    pub fn carry_out(self, plan: &Plan) -> Result<(), RecoveryError> {
        carry_out(&self.stores, plan)?;
        self.stores.close();
        Ok(())
    }
}

/// At the start of a node: does what a `peers.json` in its folder says, and sets the file aside. Blocks.
pub(crate) fn from_file(stores: &Stores) -> Result<(), RecoveryError> {
    let Some(folder) = stores.folder() else { return Ok(()) };
    let path = folder.join(PEERS_JSON);
    let failed = |error: std::io::Error| RecoveryError::Files(format!("{}: {error}", path.display()));
    let found = match fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(failed)?,
    };
    if found.len() > MAX_BYTES {
        return Err(RecoveryError::Wanted(format!("{} is too large to be a list of members", path.display())));
    }
    let list = newest_list(stores)?;
    let planned = Wanted::from_peers_json(&fs::read_to_string(&path).map_err(failed)?)
        .and_then(|wanted| plan(stores, &list, &wanted));
    let plan = planned.map_err(|error| match error {
        RecoveryError::Wanted(what) => RecoveryError::Wanted(format!(
            "{what} (the node found {}: correct or remove it, and start again)",
            path.display()
        )),
        other => other,
    })?;
    tracing::warn!(before = ?shown(&list), after = ?plan.members(), "the cluster is recovered with the members of peers.json");
    carry_out(stores, &plan)?;
    fs::rename(&path, aside(folder)).map_err(failed)
}

fn aside(folder: &Path) -> PathBuf {
    folder.join(PEERS_INFO)
}

fn shown(list: &Membership) -> Vec<RecoveryMember> {
    let voters: BTreeSet<u64> = list.voter_ids().collect();
    let member = |(id, node): (&u64, &MemberNode)| RecoveryMember {
        node_id: node.node_id.clone(),
        address: node.cluster_address.clone(),
        voter: voters.contains(id),
    };
    let mut shown: Vec<RecoveryMember> = list.nodes().map(member).collect();
    shown.sort_by(|one, other| one.node_id.cmp(&other.node_id));
    shown
}

/// The last list in the log, or the state's.
fn newest_list(stores: &Stores) -> Result<Membership, RecoveryError> {
    let committed = stores.state.committed();
    let mut newest = committed.membership.map(|(_, list)| list);
    each_unapplied(stores, |records| {
        for record in records.into_iter().filter(|record| record.kind == RecordKind::Membership) {
            newest = Some(record.body);
        }
        Ok(())
    })?;
    let none = || RecoveryError::Wanted("this node was never a member of a cluster".to_owned());
    let list = member::decode(&newest.ok_or_else(none)?).map_err(|error| RecoveryError::Files(error.to_string()))?;
    if list.nodes().next().is_some() { Ok(list) } else { Err(none()) }
}

fn each_unapplied(
    stores: &Stores,
    mut each: impl FnMut(Vec<coffer_storage::Record>) -> Result<(), RecoveryError>,
) -> Result<(), RecoveryError> {
    let end = stores.log.bounds().last.map_or(0, |last| last.index.saturating_add(1));
    let mut next = stores.state.committed().applied.map_or(0, |applied| applied.index.saturating_add(1));
    while next < end {
        let records = stores.log.read(next, end, READ_BYTES)?;
        let Some(last) = records.last() else { break };
        next = last.at.index.saturating_add(1);
        each(records)?;
    }
    Ok(())
}

fn plan(stores: &Stores, list: &Membership, wanted: &[Wanted]) -> Result<Plan, RecoveryError> {
    wanted::check(wanted)?;
    let own = stores.identity();
    let voters: BTreeSet<u64> = list.voter_ids().collect();
    let (mut nodes, mut new_voters) = (BTreeMap::new(), BTreeSet::new());
    for member in wanted {
        let incarnations = list.nodes().filter(|(_, node)| node.node_id == member.node_id);
        let counted = incarnations.max_by_key(|(id, _)| (**id == own.raft_id, voters.contains(id)));
        let (id, node) = counted.ok_or_else(|| {
            let known = shown(list).into_iter().map(|member| member.node_id).collect::<Vec<_>>().join(", ");
            RecoveryError::Wanted(format!("no member is called {:?}; the members are {known}", member.node_id))
        })?;
        let address = member.address.clone().unwrap_or_else(|| node.cluster_address.clone());
        nodes.insert(*id, MemberNode { cluster_address: address, non_voter: member.non_voter, ..node.clone() });
        if !member.non_voter {
            new_voters.insert(*id);
        }
    }
    if !nodes.contains_key(&own.raft_id) {
        return Err(RecoveryError::Wanted(format!(
            "this node, {:?}, would not be a member any more: do this on a node that is to stay",
            own.node_id
        )));
    }
    let left_out =
        list.nodes().filter(|(id, _)| !nodes.contains_key(id)).map(|(id, node)| (*id, node.clone())).collect();
    let list = Membership::new(vec![new_voters], nodes).map_err(|error| RecoveryError::Wanted(error.to_string()))?;
    Ok(Plan { list, left_out })
}

/// Applies the rest of the log, puts the list in, purges the log, raises the term; durable when it returns. Cut short it
/// can be done again.
fn carry_out(stores: &Stores, plan: &Plan) -> Result<(), RecoveryError> {
    let file = stores.state.file().to_owned();
    each_unapplied(stores, |records| {
        let entries: std::io::Result<Vec<_>> = records.into_iter().map(raft_types::entry).collect();
        let entries = entries.map_err(|error| RecoveryError::Files(error.to_string()))?;
        stores.state.write(|state| apply::apply_all(state, &file, &entries).map(drop))?;
        Ok(())
    })?;
    let applied = stores.state.committed().applied;
    let last: LogPosition =
        applied.ok_or_else(|| RecoveryError::Wanted("this node holds nothing of its cluster yet".to_owned()))?;
    let fences = removal(plan.left_out.iter().map(|(id, node)| (*id, node.node_id.clone())));
    stores.state.write(|state| {
        for put in &fences.puts {
            state.put(&put.key, last.index, &put.value)?;
        }
        state.set_membership(last, &member::encode(&plan.list))
    })?;
    stores.state.checkpoint()?;
    stores.log.purge(last);
    let term = stores.log.vote().map_or(0, |vote| vote.term).max(last.term).saturating_add(1);
    let vote = Vote { term, candidate: stores.identity().raft_id, won: false };
    let (done, outcome) = mpsc::channel();
    // The purge goes with it, in one group.
    stores.log.save_vote(vote, Box::new(move |written| drop(done.send(written))))?;
    outcome.recv().map_err(|_| RecoveryError::Files("the log's writer is gone".to_owned()))??;
    Ok(())
}
