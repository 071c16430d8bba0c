//! The level of replicated features and of the protocol between members.
//!
//! The cluster runs at the lowest level that a voter knows; so a release is rolled in node by node, and back. The record
//! also has a floor: the level that a release must know to read what is in log and state. It rises with the first use of
//! a feature that writes something new, and from then on there is no way back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use coffer_model::{Command, Precondition, Put, Revision};
use coffer_storage::Stores;
use openraft::async_runtime::WatchReceiver;

use crate::cluster::Shared;
use crate::pulse::FRESH;

/// The level that this release knows.
pub(crate) const LEVEL: u32 = if cfg!(feature = "next-level") { 2 } else { 1 };
/// Where the record lies, in clear.
pub(crate) const KEY: &str = "core/coffer/cluster/level";

const VERSION: u8 = 1;
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What the cluster has agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// In force: no member may use what a higher one brings.
    pub(crate) in_force: u32,
    /// A release that does not know this one can't take part.
    pub(crate) floor: u32,
}

/// Before anything is recorded.
impl Default for Level {
    fn default() -> Self {
        Self { in_force: 1, floor: 1 }
    }
}

impl Level {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend(self.in_force.to_be_bytes());
        out.extend(self.floor.to_be_bytes());
        out
    }

    /// `None` for bytes that this release cannot read.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (in_force, rest) = rest.split_first_chunk::<4>()?;
        let floor: &[u8; 4] = rest.try_into().ok()?;
        Some(Self { in_force: u32::from_be_bytes(*in_force), floor: u32::from_be_bytes(*floor) })
    }

    /// The change that is due, given what every voter knows; `None` for a voter that has not told.
    pub(crate) fn due(self, voters: impl IntoIterator<Item = Option<u32>>) -> Option<Self> {
        let mut lowest = u32::MAX;
        let mut all_told = true;
        for known in voters {
            match known {
                Some(level) => lowest = lowest.min(level),
                None => all_told = false,
            }
        }
        let in_force = if lowest < self.in_force {
            lowest.max(self.floor)
        } else if all_told && lowest < u32::MAX {
            lowest
        } else {
            return None;
        };
        (in_force != self.in_force).then_some(Self { in_force, ..self })
    }

    /// Puts the record in the place of the one read at `seen`.
    pub(crate) fn command(self, seen: Option<Revision>) -> Command {
        Command {
            preconditions: vec![Precondition { key: KEY.to_owned(), revision: seen }],
            puts: vec![Put { key: KEY.to_owned(), value: self.encode() }],
            deletes: Vec::new(),
        }
    }
}

/// As this node's state has it.
pub(crate) fn recorded(stores: &Stores) -> Level {
    // A store that can't be read has ended the node.
    let found = stores.state.get(KEY).ok().flatten();
    found.and_then(|found| Level::decode(&found.value)).unwrap_or_default()
}

/// What this node knows, and what is in force.
#[derive(Debug)]
pub(crate) struct NodeLevel {
    own: u32,
    in_force: AtomicU32,
    floor: AtomicU32,
}

impl NodeLevel {
    pub(crate) fn new(own: u32, recorded: Level) -> Self {
        let (in_force, floor) = (recorded.in_force.into(), recorded.floor.into());
        Self { own, in_force, floor }
    }

    pub(crate) fn own(&self) -> u32 {
        self.own
    }

    pub(crate) fn recorded(&self) -> Level {
        Level { in_force: self.in_force.load(Ordering::Relaxed), floor: self.floor.load(Ordering::Relaxed) }
    }

    /// True when this is news.
    pub(crate) fn follow(&self, recorded: Level) -> bool {
        let before = self.recorded();
        self.in_force.store(recorded.in_force, Ordering::Relaxed);
        self.floor.store(recorded.floor, Ordering::Relaxed);
        before != recorded
    }
}

/// Follows the record; on the leader, brings it in line with what the voters know.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.closing() => return,
            _ = ticks.tick() => {}
        }
        let in_record = recorded(&shared.stores);
        if shared.level.follow(in_record) {
            tracing::info!(level = in_record.in_force, "the cluster's level has changed");
            shared.status_changed();
        }
        if shared.leadership.is_ready()
            && let Some(due) = in_record.due(shared.levels_of_voters())
        {
            let found = shared.stores.state.get(KEY).ok().flatten();
            let revision = found.and_then(|found| Revision::new(found.revision));
            // One that failed is made again at the next turn.
            let _ = shared.commit(due.command(revision)).await;
        }
    }
}

impl Shared {
    /// What each voter knows; `None` for one that was not heard from lately.
    fn levels_of_voters(&self) -> Vec<Option<u32>> {
        let now = Instant::now();
        let own = self.identity.raft_id;
        let raft = self.raft.load();
        let watched = raft.server_metrics();
        let metrics = watched.borrow_watched();
        let voters = metrics.membership_config.voter_ids();
        self.pulse.look(|table| {
            let known = |raft_id| {
                let known = table.get(raft_id).filter(|known| known.is_fresh(now, FRESH))?;
                Some(known.told.level)
            };
            voters.map(|raft_id| if raft_id == own { Some(self.level.own()) } else { known(raft_id) }).collect()
        })
    }
}

/// Why a node of this level may not take part; `None` where it may.
pub(crate) fn refusal(whose: &str, known: u32, floor: u32) -> Option<String> {
    (known < floor).then(|| {
        format!(
            "{whose} is of a release that knows level {known} of the cluster's features, and the cluster has used what \
             came with level {floor}: install a release that knows level {floor}, at least as new as the other members'"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_level_rises_when_all_voters_know_it_and_falls_with_one() {
        let start = Level::default();
        assert_eq!(start.due([Some(2), Some(2), None]), None);
        assert_eq!(start.due([Some(2), Some(1), Some(2)]), None);
        let raised = start.due([Some(2), Some(2), Some(3)]).unwrap();
        assert_eq!(raised, Level { in_force: 2, floor: 1 });
        assert_eq!(raised.due([Some(2), None, Some(1)]), Some(start));
        let used = Level { in_force: 3, floor: 2 };
        assert_eq!(used.due([Some(1), Some(3)]), Some(Level { in_force: 2, floor: 2 }));
        assert!(refusal("this node", 1, used.floor).unwrap().contains("level 2"));
        assert!(refusal("this node", 2, used.floor).is_none());
    }

    proptest! {
        #[test]
        fn a_record_survives(in_force: u32, floor: u32) {
            let level = Level { in_force, floor };
            prop_assert_eq!(Level::decode(&level.encode()), Some(level));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let _ = Level::decode(&bytes);
        }

        #[test]
        fn a_change_never_passes_what_a_voter_knows_nor_the_floor(
            in_force in 1u32..5, floor in 1u32..5, voters in proptest::collection::vec(proptest::option::of(1u32..5), 1..6)
        ) {
            let level = Level { in_force: in_force.max(floor), floor };
            if let Some(next) = level.due(voters.clone()) {
                let lowest = voters.iter().flatten().min().copied().unwrap();
                prop_assert_eq!(next.floor, floor);
                prop_assert!(next.in_force <= lowest.max(floor) && next.in_force >= floor);
                prop_assert!(next.in_force < level.in_force || voters.iter().all(Option::is_some));
                prop_assert_eq!(next.due(voters), None);
            }
        }
    }
}
