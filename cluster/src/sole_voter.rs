//! Whether this node is the only voter: then nobody else can lead, and a read needs no round of questions.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::raft_types::Membership;

/// Falls back to "no" before a member list that has other voters is even written, and comes to "yes" only for a
/// committed list with no newer one behind it.
#[derive(Debug, Default)]
pub(crate) struct SoleVoter {
    is_sole: AtomicBool,
    /// Index of the newest member list that entered the log.
    newest_list: Mutex<Option<u64>>,
}

impl SoleVoter {
    /// One load; safe to trust as long as it is read after the request began.
    pub(crate) fn is_sole(&self) -> bool {
        self.is_sole.load(Ordering::SeqCst)
    }

    /// A member list is about to enter the log.
    pub(crate) fn list_appended(&self, index: u64) {
        let mut newest = self.newest_list.lock();
        self.is_sole.store(false, Ordering::SeqCst);
        *newest = newest.max(Some(index));
    }

    /// What comes next is not known: the core was rebuilt, or a snapshot installed.
    pub(crate) fn reset(&self) {
        let _newest = self.newest_list.lock();
        self.is_sole.store(false, Ordering::SeqCst);
    }

    /// The list at `index` is committed, and the newest that Raft knows of.
    pub(crate) fn list_committed(&self, index: u64, list: &Membership, own_id: u64) {
        let newest = self.newest_list.lock();
        let is_newest = newest.is_none_or(|newest| newest <= index);
        self.is_sole.store(is_newest && has_one_voter(list, own_id), Ordering::SeqCst);
    }
}

fn has_one_voter(list: &Membership, own_id: u64) -> bool {
    match list.get_joint_config().as_slice() {
        [voters] => voters.len() == 1 && voters.contains(&own_id),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn list(configurations: &[&[u64]]) -> Membership {
        let nodes: BTreeMap<u64, _> = (1..9).map(|id| (id, Default::default())).collect();
        let configurations = configurations.iter().map(|ids| BTreeSet::from_iter(ids.iter().copied())).collect();
        Membership::new(configurations, nodes).unwrap()
    }

    #[test]
    fn only_a_committed_newest_list_makes_a_sole_voter() {
        let sole = SoleVoter::default();
        assert!(!sole.is_sole());
        sole.list_committed(3, &list(&[&[1]]), 1);
        assert!(sole.is_sole());
        sole.list_appended(7);
        assert!(!sole.is_sole());
        // News of the old list arrives late.
        sole.list_committed(3, &list(&[&[1]]), 1);
        assert!(!sole.is_sole());
        sole.list_committed(7, &list(&[&[1]]), 1);
        assert!(sole.is_sole());
        sole.reset();
        assert!(!sole.is_sole());
    }

    #[test]
    fn others_joint_lists_and_strangers_do_not_count() {
        let sole = SoleVoter::default();
        for others in [list(&[&[1, 2]]), list(&[&[2]]), list(&[&[1], &[1, 2]]), list(&[])] {
            sole.list_committed(1, &others, 1);
            assert!(!sole.is_sole(), "{others}");
        }
    }
}
