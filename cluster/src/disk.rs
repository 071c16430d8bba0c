//! How much room the disk has left: a node that runs out of it gives the lead away in time, takes no more entries, and
//! goes on when there is room again. Raft's own few bytes (votes) need what is kept back here.

use std::time::{Duration, Instant};

use coffer_storage::Stores;
use parking_lot::Mutex;

/// A look is no older than this.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const MIB: u64 = 1 << 20;
/// Nothing is written any more with less than a hundredth of the disk, within these bounds.
const FULL: (u64, u64) = (4 * MIB, 64 * MIB);
/// So many times that, and the node should not lead.
const LOW: u64 = 3;

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
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

impl Disk {
    /// Asks the file system, if that was not done a moment ago.
    pub(crate) fn room(&self, stores: &Stores) -> Room {
        self.look(stores).room
    }

    /// Free bytes and size.
    pub(crate) fn space(&self, stores: &Stores) -> Option<(u64, u64)> {
        self.look(stores).space
    }

    /// Why this node should not lead, if there is too little room.
    pub(crate) fn unfit(&self, stores: &Stores) -> Option<String> {
        let look = self.look(stores);
        let (free, size) = look.space?;
        let state = match look.room {
            Room::Enough => return None,
            Room::Low => "nearly full",
            Room::Full => "full",
        };
        let folder = stores.folder()?.display();
        Some(format!("the disk that holds {folder} is {state}: {} of {} MiB are free", free / MIB, size / MIB))
    }

    fn look(&self, stores: &Stores) -> Look {
        let mut last = self.0.lock();
        let now = Instant::now();
        match *last {
            Some(look) if now.saturating_duration_since(look.at) < LOOK_EVERY => look,
            _ => {
                let space = stores.disk_space();
                let before = last.map_or(Room::Enough, |look| look.room);
                let room = space.map_or(Room::Enough, |(free, size)| judge(before, free, size));
                if room != before {
                    tell(stores, room, space.unwrap_or_default());
                }
                *last.insert(Look { at: now, space, room })
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
        let disk = Disk::default();
        assert_eq!((disk.room(&stores), disk.unfit(&stores)), (Room::Enough, None));
    }
}
