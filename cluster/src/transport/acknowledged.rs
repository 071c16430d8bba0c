//! How far each follower has acknowledged this leader's log: what it said once, it must hold for good.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// By Raft's number of the follower: the leader's term, and the last index acknowledged in it.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged(Mutex<BTreeMap<u64, (u64, u64)>>);

impl Acknowledged {
    /// A follower holds all up to `index`.
    pub(crate) fn note(&self, raft_id: u64, term: u64, index: Option<u64>) {
        let Some(index) = index else { return };
        let mut held = self.0.lock();
        let (of_term, upto) = held.entry(raft_id).or_insert((term, index));
        match term.cmp(of_term) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => *upto = index.max(*upto),
            std::cmp::Ordering::Greater => (*of_term, *upto) = (term, index),
        }
    }

    /// The last index that it has acknowledged in that term.
    pub(crate) fn of(&self, raft_id: u64, term: u64) -> Option<u64> {
        self.0.lock().get(&raft_id).filter(|(of_term, _)| *of_term == term).map(|(_, upto)| *upto)
    }

    /// It is no member any more.
    pub(crate) fn forget(&self, raft_id: u64) {
        self.0.lock().remove(&raft_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_belongs_to_its_term() {
        let held = Acknowledged::default();
        held.note(1, 3, Some(9));
        held.note(1, 3, Some(7));
        held.note(1, 2, Some(99));
        assert_eq!((held.of(1, 3), held.of(1, 2), held.of(2, 3)), (Some(9), None, None));
        held.note(1, 4, Some(5));
        held.note(1, 4, None);
        assert_eq!((held.of(1, 4), held.of(1, 3)), (Some(5), None));
        held.forget(1);
        assert_eq!(held.of(1, 4), None);
    }
}
