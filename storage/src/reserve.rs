//! Room that is kept back on the disk for the two stores, so that somebody else's files can't end this node: redb gives
//! a file up after any failed write. When the disk is full the reserve is let go and the write tried again; when that is
//! used up too, the write waits until there is room.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::fs::FallocateFlags;

use crate::folder::{DataFolder, create_private};

/// In the data folder; its content means nothing.
pub(crate) const RESERVE_FILE: &str = "reserve";

const MIB: u64 = 1 << 20;
/// A sixteenth of the disk, within these bounds: room for what was accepted before the disk was seen to be full, and for
/// many votes.
const SIZE: (u64, u64) = (4 * MIB, 16 * MIB);
/// From one look for room to the next: nothing tells of it.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// From one try to make the reserve anew to the next.
const REMAKE_EVERY: Duration = Duration::from_secs(1);

/// Kept back for the stores of one folder.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    /// Bytes.
    size: u64,
    held: AtomicBool,
    /// When it was let go or could not be made.
    last: Mutex<Instant>,
    /// Whether a write that finds no room waits for it: not while the files are being opened or the node ends.
    waits: Mutex<bool>,
    changed: Condvar,
}

impl Reserve {
    /// Makes it, if there is room.
    pub(crate) fn prepare(folder: &DataFolder) -> Self {
        let disk = rustix::fs::statvfs(folder.path()).map_or(0, |found| found.f_blocks.saturating_mul(found.f_frsize));
        let reserve = Self {
            path: folder.file(RESERVE_FILE),
            size: (disk / 16).clamp(SIZE.0, SIZE.1),
            held: AtomicBool::new(false),
            last: Mutex::new(Instant::now()),
            waits: Mutex::new(false),
            changed: Condvar::new(),
        };
        reserve.make();
        reserve
    }

    /// Bytes that have to be free before this node has room: what will be kept back again.
    pub(crate) fn missing(&self) -> u64 {
        if self.is_held() { 0 } else { self.size }
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// False once a write has found the disk full: the next one may have to wait.
    pub(crate) fn is_held(&self) -> bool {
        self.held.load(Ordering::Acquire)
    }

    /// From now on a write that finds no room waits for it, rather than fail; or no longer.
    pub(crate) fn set_waits(&self, waits: bool) {
        *self.waits.lock() = waits;
        self.changed.notify_all();
    }

    /// Runs `attempt`, which may be repeated, until it meets another fate than a full disk. Blocks.
    pub(crate) fn with_room(&self, mut attempt: impl FnMut() -> io::Result<()>) -> io::Result<()> {
        let mut told = false;
        loop {
            match attempt() {
                Err(error) if is_full(&error) => {
                    if self.release() {
                        continue;
                    }
                    if !std::mem::replace(&mut told, true) {
                        tracing::error!(file = %self.path.display(), "no room on the disk is left: a write waits for it");
                    }
                    let mut waits = self.waits.lock();
                    if *waits {
                        self.changed.wait_for(&mut waits, LOOK_EVERY);
                    }
                    if !*waits {
                        return Err(error);
                    }
                }
                other => return other,
            }
        }
    }

    /// Keeps room back again, if there is plenty. Blocks for the time it takes to set aside a few MiB, once a second.
    pub(crate) fn renew(&self) {
        if self.is_held() {
            return;
        }
        let mut last = self.last.lock();
        if last.elapsed() < REMAKE_EVERY {
            return;
        }
        *last = Instant::now();
        let folder = self.path.parent().unwrap_or(&self.path);
        let free = rustix::fs::statvfs(folder).map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize));
        if free >= self.size.saturating_mul(2) {
            self.make();
        }
    }

    /// False where there is nothing to let go.
    fn release(&self) -> bool {
        let mut last = self.last.lock();
        if !self.held.swap(false, Ordering::AcqRel) {
            return false;
        }
        *last = Instant::now();
        tracing::error!(file = %self.path.display(), bytes = self.size, "the disk is full: what was kept back is used");
        self.remove()
    }

    fn make(&self) {
        // One of another run may have been made for a disk of another size.
        self.remove();
        match create_private(&self.path).and_then(|file| self.fill(&file)) {
            Ok(()) => self.held.store(true, Ordering::Release),
            Err(_) => drop(self.remove()),
        }
    }

    fn fill(&self, file: &File) -> io::Result<()> {
        Ok(rustix::fs::fallocate(file, FallocateFlags::empty(), 0, self.size)?)
    }

    fn remove(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn prepare(folder: &tempfile::TempDir) -> Reserve {
        Reserve::prepare(&DataFolder::prepare(&folder.path().join("data")).unwrap())
    }

    fn full() -> io::Error {
        ErrorKind::StorageFull.into()
    }

    #[test]
    fn a_full_disk_takes_the_reserve_first() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = prepare(&folder);
        assert!(reserve.is_held() && reserve.path.exists());
        assert_eq!(reserve.missing(), 0);
        let tries = Cell::new(0);
        let outcome = reserve.with_room(|| {
            tries.set(tries.get() + 1);
            if reserve.path.exists() { Err(full()) } else { Ok(()) }
        });
        assert!(outcome.is_ok());
        assert_eq!((tries.get(), reserve.missing()), (2, reserve.size));
    }

    #[test]
    fn it_waits_for_room_until_it_is_told_to_give_up() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = prepare(&folder);
        reserve.set_waits(true);
        let tries = Cell::new(0);
        let outcome = reserve.with_room(|| {
            tries.set(tries.get() + 1);
            if tries.get() < 4 { Err(full()) } else { Ok(()) }
        });
        assert!(outcome.is_ok());
        let outcome = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| reserve.with_room(|| Err(full())));
            reserve.set_waits(false);
            waiting.join().unwrap()
        });
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::StorageFull);
    }

    #[test]
    fn other_errors_are_not_its_business() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = prepare(&folder);
        let outcome = reserve.with_room(|| Err(ErrorKind::PermissionDenied.into()));
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert!(reserve.is_held());
    }

    #[test]
    fn it_is_made_anew_but_not_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = prepare(&folder);
        assert!(reserve.release());
        reserve.renew();
        assert!(!reserve.is_held());
        *reserve.last.lock() -= REMAKE_EVERY;
        reserve.renew();
        assert!(reserve.is_held());
        assert_eq!(fs::metadata(&reserve.path).unwrap().len(), reserve.size);
    }
}
