//! How much room the disk has left: a node that runs out of it gives the lead away in time, takes no more commands, and
//! goes on when there is room again. Votes, and what a leader elected meanwhile needs to serve reads, need what is kept
//! back here.

use std::time::{Duration, Instant};

use coffer_storage::Stores;
use openraft::async_runtime::WatchReceiver;
use openraft::entry::EntryPayload;
use parking_lot::Mutex;

use crate::cluster::Shared;
use crate::pulse::FRESH;
use crate::raft_types::Entry;

/// A look is no older than this.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const MIB: u64 = 1 << 20;
/// Nothing is written any more with less than a hundredth of the disk, within these bounds.
const FULL: (u64, u64) = (4 * MIB, 64 * MIB);
/// So many times that, and the node should not lead.
const LOW: u64 = 3;

/// What an entry takes on the disk at most, in log and state, as a multiple of its bytes.
const COPIES: u64 = 4;

/// What there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
    #[default]
    Enough,
    Low,
    Full,
}

/// The disk that holds this node's data.
#[derive(Debug, Default)]
pub(crate) struct Disk(Mutex<Option<Look>>);

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    space: Option<(u64, u64)>,
    room: Room,
}

impl Shared {
    /// Asks the file system, if that was not done a moment ago. The others are told at once of a change.
    pub(crate) fn disk_room(&self) -> Room {
        self.disk_look().room
    }

    /// Free bytes and size.
    pub(crate) fn disk_space(&self) -> Option<(u64, u64)> {
        self.disk_look().space
    }

    /// Why this node should not lead, if there is too little room.
    pub(crate) fn disk_unfit(&self) -> Option<String> {
        self.disk_look().unfit(&self.stores)
    }

    /// Why no command can be taken: this node has no room for it, or so many voters have none that the others are no
    /// majority.
    pub(crate) fn no_room(&self) -> Option<String> {
        let look = self.disk_look();
        if look.room == Room::Full {
            return Some(look.unfit(&self.stores).unwrap_or_else(|| "the disk is full".to_owned()));
        }
        let now = Instant::now();
        let mut full = self.pulse.look(|table| {
            let full = table.iter().filter(|(_, known)| known.told.room == Room::Full && known.is_fresh(now, FRESH));
            full.map(|(raft_id, known)| (raft_id, known.node_id.clone())).collect::<Vec<_>>()
        });
        if full.is_empty() {
            return None;
        }
        let voters: Vec<u64> = {
            let raft = self.raft.load();
            let watched = raft.server_metrics();
            watched.borrow_watched().membership_config.voter_ids().collect()
        };
        full.retain(|(raft_id, _)| voters.contains(raft_id));
        (full.len() * 2 >= voters.len()).then(|| {
            let names: Vec<&str> = full.iter().map(|(_, node_id)| node_id.as_str()).collect();
            format!("the disks of {} of {} voters are full: {}", full.len(), voters.len(), names.join(", "))
        })
    }

    /// Whether a follower takes these entries of a leader of `term`. With a full disk only what that leader needs before
    /// it can serve reads, and from a half of what is kept back; the other half is for votes and for applying them.
    pub(crate) fn takes(&self, entries: &[Entry], term: u64) -> bool {
        if entries.is_empty() || self.disk_room() != Room::Full {
            return true;
        }
        let is_command_of_term =
            |entry: &Entry| matches!(entry.payload, EntryPayload::Normal(_)) && entry.log_id.leader_id.term >= term;
        if entries.iter().any(is_command_of_term) {
            return false;
        }
        let Some((left, reserve)) = self.stores.room_left() else { return true };
        left >= reserve / 2 + bytes_of(entries) * COPIES
    }

    fn disk_look(&self) -> Look {
        let (look, is_news) = self.disk.look(&self.stores);
        if is_news {
            self.pulse.push();
        }
        look
    }
}

fn bytes_of(entries: &[Entry]) -> u64 {
    let of = |entry: &Entry| match &entry.payload {
        EntryPayload::Normal(proposal) => proposal.0.len() as u64,
        EntryPayload::Blank | EntryPayload::Membership(_) => 0,
    };
    entries.iter().map(of).sum()
}

impl Look {
    fn unfit(self, stores: &Stores) -> Option<String> {
        let (free, size) = self.space?;
        let state = match self.room {
            Room::Enough => return None,
            Room::Low => "nearly full",
            Room::Full => "full",
        };
        let folder = stores.folder()?.display();
        Some(format!("the disk that holds {folder} is {state}: {} of {} MiB are free", free / MIB, size / MIB))
    }
}

impl Disk {
    /// True with a room that is not that of the last look.
    fn look(&self, stores: &Stores) -> (Look, bool) {
        let mut last = self.0.lock();
        let now = Instant::now();
        match *last {
            Some(look) if now.saturating_duration_since(look.at) < LOOK_EVERY => (look, false),
            _ => {
                let space = stores.disk_space();
                let before = last.map_or(Room::Enough, |look| look.room);
                let room = space.map_or(Room::Enough, |(free, size)| judge(before, free, size));
                if room != before {
                    tell(stores, room, space.unwrap_or_default());
                }
                (*last.insert(Look { at: now, space, room }), room != before)
            }
        }
    }
}

/// Better only with a quarter more than was too little.
fn judge(before: Room, free: u64, size: u64) -> Room {
    let full = (size / 100).clamp(FULL.0, FULL.1);
    let of = |free: u64| match free {
        free if free < full => Room::Full,
        free if free < full * LOW => Room::Low,
        _ => Room::Enough,
    };
    of(free).max(of(free - free / 5).min(before))
}

fn tell(stores: &Stores, room: Room, (free, size): (u64, u64)) {
    let folder = stores.folder().map(|folder| folder.display().to_string()).unwrap_or_default();
    let (free_mib, size_mib) = (free / MIB, size / MIB);
    match room {
        Room::Enough => tracing::info!(folder, free_mib, size_mib, "the disk has room again"),
        Room::Low => tracing::warn!(folder, free_mib, size_mib, "the disk is nearly full: this node should not lead"),
        Room::Full => tracing::error!(folder, free_mib, size_mib, "the disk is full: this node takes no more writes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_room_is_noticed_early_and_left_with_some_distance() {
        let judge = |before, free, size| judge(before, free * MIB, size * MIB);
        assert_eq!(judge(Room::Enough, 40, 64), Room::Enough);
        assert_eq!(judge(Room::Enough, 11, 64), Room::Low);
        assert_eq!(judge(Room::Enough, 3, 64), Room::Full);
        assert_eq!(judge(Room::Full, 4, 64), Room::Full);
        assert_eq!(judge(Room::Full, 6, 64), Room::Low);
        assert_eq!(judge(Room::Low, 13, 64), Room::Low);
        assert_eq!(judge(Room::Low, 16, 64), Room::Enough);
        assert_eq!(judge(Room::Full, 64, 64), Room::Enough);
        assert_eq!(judge(Room::Enough, 60, 1 << 20), Room::Full);
        assert_eq!(judge(Room::Enough, 150, 1 << 20), Room::Low);
    }

    #[test]
    fn memory_has_room() {
        let stores = coffer_storage::open(&coffer_storage::Medium::Memory, Some("n")).unwrap();
        let (look, is_news) = Disk::default().look(&stores);
        assert_eq!((look.room, look.unfit(&stores), is_news), (Room::Enough, None, false));
    }
}
