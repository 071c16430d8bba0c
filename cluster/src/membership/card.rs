//! What a node has to know of a cluster before its own log tells it: which cluster, and whose keys to let in. A joiner
//! keeps its card on disk, so that the leader still reaches it after a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer_model::{ClusterCard, Member, MembershipError, OwnCard, Topic};
use coffer_storage::ClusterId;

use crate::cluster::Shared;
use crate::member::{self, MemberNode};
use crate::raft_types;

/// Asked of a member that is known by one that is behind; answered by the cluster itself.
pub(crate) const TOPIC: Topic = Topic(0x8000);

/// Where the card lies in the data folder.
const FILE: &str = "cluster-card";
const VERSION: u8 = 1;
/// Between questions for a newer list.
const ASK_EVERY: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(2);

/// The card with the index of the entry that holds its member list, as it is kept and sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    cluster: ClusterId,
    term: u64,
    at: u64,
    members: BTreeMap<u64, MemberNode>,
}

impl Kept {
    /// Version, cluster (16), term and index (8 each, big endian), then a member list as the log has it.
    fn encode(&self) -> Vec<u8> {
        let all: BTreeSet<u64> = self.members.keys().copied().collect();
        let list = raft_types::Membership::new(vec![all], self.members.clone()).unwrap_or_default();
        let mut out = vec![VERSION];
        out.extend(self.cluster.0);
        out.extend(self.term.to_be_bytes());
        out.extend(self.at.to_be_bytes());
        out.extend(member::encode(&list));
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (cluster, rest) = rest.split_first_chunk::<16>()?;
        let (term, rest) = rest.split_first_chunk::<8>()?;
        let (at, list) = rest.split_first_chunk::<8>()?;
        let list = member::decode(list).ok()?;
        Some(Self {
            cluster: ClusterId(*cluster),
            term: u64::from_be_bytes(*term),
            at: u64::from_be_bytes(*at),
            members: list.nodes().map(|(id, node)| (*id, node.clone())).collect(),
        })
    }
}

impl Shared {
    pub(crate) fn own_card(&self) -> OwnCard {
        OwnCard {
            node_id: self.identity.node_id.clone(),
            raft_id: self.identity.raft_id,
            cluster_address: self.own_node.cluster_address.clone(),
            api_address: self.own_node.api_address.clone(),
            public_key: self.transport.public_key().to_vec(),
        }
    }

    pub(crate) fn cluster_card(&self) -> Option<ClusterCard> {
        let status = self.status();
        let cluster_id = self.stores.cluster_id()?.0;
        (!status.members.is_empty()).then_some(ClusterCard { cluster_id, members: status.members, term: status.term })
    }

    /// Binds this node's files to the cluster of the card, keeps the card, lets the members in.
    pub(crate) async fn adopt(&self, card: ClusterCard) -> Result<(), MembershipError> {
        let failed = |error: &dyn std::fmt::Display| MembershipError::Failed(error.to_string());
        if card.members.is_empty() {
            return Err(MembershipError::Failed("the cluster's card names no members".to_owned()));
        }
        if let Some(unpinned) = card.members.iter().find(|member| member.public_key.is_empty()) {
            return Err(MembershipError::Failed(format!(
                "member {:?} has no identity key yet: start all members on this release first",
                unpinned.node_id
            )));
        }
        let members = card.members.into_iter().map(|member| (member.raft_id, node_of(member))).collect();
        let kept = Kept { cluster: ClusterId(card.cluster_id), term: card.term, at: 0, members };
        let (stores, bytes) = (Arc::clone(&self.stores), kept.encode());
        let bound = tokio::task::spawn_blocking(move || {
            // The card first: a cluster without a card would let nobody in.
            match stores.cluster_id() {
                Some(held) if held != kept.cluster => {}
                _ => stores.keep_private_file(FILE, &bytes)?,
            }
            stores.set_cluster_id(kept.cluster).map(|()| kept)
        });
        let kept = bound.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        self.transport.members_told(kept.at, kept.members);
        Ok(())
    }

    /// Whether this node has adopted the card of a cluster: it belongs to that one, and forms none of its own.
    pub(crate) fn has_adopted(&self) -> bool {
        let kept = self.stores.private_file(FILE).ok().flatten().and_then(|bytes| Kept::decode(&bytes));
        kept.is_some_and(|kept| self.stores.cluster_id() == Some(kept.cluster))
    }

    /// The members of the card that this node adopted, before its log names them.
    pub(crate) fn take_up_card(&self) {
        if let Some(kept) = self.stores.private_file(FILE).ok().flatten().and_then(|bytes| Kept::decode(&bytes))
            && self.stores.cluster_id() == Some(kept.cluster)
        {
            self.transport.members_told(kept.at, kept.members);
        }
    }
}

fn node_of(member: Member) -> MemberNode {
    MemberNode {
        node_id: member.node_id,
        cluster_address: member.cluster_address,
        api_address: member.api_address,
        public_key: member.public_key,
        non_voter: false,
    }
}

/// Answers [`TOPIC`].
pub(crate) fn tell(shared: &Shared) -> Result<Bytes, String> {
    let none = || "this node knows of no members".to_owned();
    let cluster = shared.stores.cluster_id().ok_or_else(none)?;
    let list = shared.member_list();
    let at = list.at.as_ref().ok_or_else(none)?;
    let kept = Kept { cluster, term: at.leader_id.term, at: at.index, members: list.nodes };
    Ok(kept.encode().into())
}

/// When somebody knocks whom this node does not know, its list may be old: another member is asked for a newer one.
pub(crate) async fn follow(shared: Arc<Shared>) {
    loop {
        tokio::select! {
            () = shared.closing() => return,
            () = shared.transport.stranger() => {}
        }
        for (raft_id, _) in shared.transport.others() {
            let answer = shared.transport.ask_member(raft_id, TOPIC, &[], PATIENCE).await;
            if let Some(kept) = answer.ok().and_then(|bytes| Kept::decode(&bytes))
                && shared.stores.cluster_id() == Some(kept.cluster)
            {
                shared.transport.members_told(kept.at, kept.members);
            }
        }
        tokio::select! {
            () = shared.closing() => return,
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_card_survives(cluster: [u8; 16], term: u64, at: u64, names in proptest::collection::btree_map(any::<u64>(), "[a-z]{1,9}", 1..5)) {
            let members = names.into_iter().map(|(id, node_id)| {
                (id, MemberNode { node_id, public_key: vec![4; 65], ..MemberNode::default() })
            });
            let kept = Kept { cluster: ClusterId(cluster), term, at, members: members.collect() };
            prop_assert_eq!(Kept::decode(&kept.encode()), Some(kept));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..90)) {
            let _ = Kept::decode(&bytes);
        }
    }
}
