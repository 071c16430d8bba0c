//! Whom this node knows: the members of Raft's newest list, and before it is one of them, those of the card it was given.

use std::collections::BTreeMap;

use parking_lot::RwLock;
use tokio::sync::watch;

use crate::member::MemberNode;

/// Members by Raft id.
pub(crate) type Known = BTreeMap<u64, MemberNode>;

/// Whom this node knows.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    lists: RwLock<Lists>,
    /// Told of every change.
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Lists {
    /// Raft's newest list, committed or not.
    raft: Known,
    /// Index of the entry that holds it.
    raft_at: u64,
    /// Told by a member that is pinned: the card of a joiner, or what a member that lags has asked for.
    told: Known,
    /// Index of the entry that held what was told; 0 where it is not known.
    told_at: u64,
}

/// How somebody stands to this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A member whose key is pinned.
    Member(MemberNode),
    /// A member from before keys were pinned.
    Unpinned(MemberNode),
    /// Nobody that is known.
    Stranger,
}

impl Roster {
    /// Raft's list has changed. Returns whom nothing holds any more.
    pub(crate) fn replace(&self, own: u64, at: u64, list: Known) -> Vec<(u64, MemberNode)> {
        let mut lists = self.lists.write();
        let before = std::mem::take(&mut lists.raft);
        // What was told is for as long as Raft's own list is older.
        if at >= lists.told_at && list.contains_key(&own) {
            lists.told.clear();
        }
        lists.raft = list;
        lists.raft_at = at;
        let Lists { raft, told, .. } = &*lists;
        let gone = before.into_iter().filter(|(id, _)| !raft.contains_key(id) && !told.contains_key(id)).collect();
        drop(lists);
        self.changed.send_replace(());
        gone
    }

    /// Returns once nobody of that number is known.
    pub(crate) async fn forgotten(&self, raft_id: u64) {
        let mut changed = self.changed.subscribe();
        while self.get(raft_id).is_some() && changed.changed().await.is_ok() {}
    }

    /// A pinned member tells of these.
    pub(crate) fn told(&self, at: u64, list: Known) {
        let mut lists = self.lists.write();
        if at >= lists.raft_at {
            lists.told = list;
            lists.told_at = at;
            drop(lists);
            self.changed.send_replace(());
        }
    }

    pub(crate) fn standing(&self, raft_id: u64) -> Standing {
        match self.get(raft_id) {
            None => Standing::Stranger,
            Some(node) if node.public_key.is_empty() => Standing::Unpinned(node),
            Some(node) => Standing::Member(node),
        }
    }

    pub(crate) fn get(&self, raft_id: u64) -> Option<MemberNode> {
        let lists = self.lists.read();
        lists.raft.get(&raft_id).or_else(|| lists.told.get(&raft_id)).cloned()
    }

    /// Those of that name: more than one while a dead incarnation is replaced. Raft's list first.
    pub(crate) fn called(&self, node_id: &str) -> Vec<(u64, MemberNode)> {
        let lists = self.lists.read();
        let all = lists.raft.iter().chain(&lists.told);
        all.filter(|(_, node)| node.node_id == node_id).map(|(id, node)| (*id, node.clone())).collect()
    }

    pub(crate) fn all(&self) -> Vec<(u64, MemberNode)> {
        let lists = self.lists.read();
        lists.raft.iter().chain(&lists.told).map(|(id, node)| (*id, node.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, key: &[u8]) -> MemberNode {
        MemberNode { node_id: name.into(), public_key: key.to_vec(), ..MemberNode::default() }
    }

    #[test]
    fn what_was_told_holds_until_rafts_list_is_as_new() {
        let roster = Roster::default();
        roster.told(0, Known::from([(1, node("a", b"x")), (2, node("b", b"x"))]));
        assert_eq!(roster.standing(1), Standing::Member(node("a", b"x")));
        // An older list, in which this node, 9, is not.
        assert!(roster.replace(9, 3, Known::from([(1, node("a", b"y"))])).is_empty());
        assert_eq!(roster.standing(1), Standing::Member(node("a", b"y")));
        assert_eq!(roster.called("b")[0].0, 2);
        let gone = roster.replace(9, 5, Known::from([(2, node("b", b"")), (9, node("own", b"z"))]));
        assert_eq!(gone[0].0, 1);
        assert_eq!(roster.standing(2), Standing::Unpinned(node("b", b"")));
        assert_eq!(roster.standing(1), Standing::Stranger);
        roster.told(7, Known::from([(3, node("c", b"x"))]));
        roster.replace(9, 6, Known::from([(9, node("own", b"z"))]));
        assert_eq!(roster.standing(3), Standing::Member(node("c", b"x")));
        roster.told(4, Known::new());
        assert_eq!(roster.standing(3), Standing::Member(node("c", b"x")));
        assert!(!roster.replace(9, 7, Known::from([(9, node("own", b"z"))])).iter().any(|(id, _)| *id == 9));
        assert_eq!(roster.standing(3), Standing::Stranger);
    }
}
