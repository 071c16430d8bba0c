//! Giving the disk back what a large state has left behind: what is live is copied into a new file, while reads and writes
//! go on in the old one; what they change meanwhile is copied after, and the new file takes the old one's place.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;
use redb::{ReadableDatabase, ReadableTableMetadata, WriteTransaction};

use crate::fault::FaultContext;
use crate::folder::{DataFolder, UNFINISHED};
use crate::medium::{META, NamedDb};
use crate::open::{STATE_FILE, STATE_USE};
use crate::patient_file::Patience;
use crate::{OpenError, StoreFault, Stores};

use super::checkpoint::Unsynced;
use super::view::View;
use super::{KV, StateStore, Writer};

const COPYING: &str = "copying it into a smaller file";
/// One transaction of the copy holds no more: it is synced, and the log's syncs should not wait long behind it.
const PART_BYTES: usize = 2 << 20;
/// Of redb, while the copy is made: beside the old file's own.
const COPY_CACHE: usize = 1 << 20;
/// Changed keys that are copied while writes wait.
const LAST_KEYS: usize = 500;
/// Rounds of copying what changed during the one before; with steady writes each is far shorter than the last.
const ROUNDS: usize = 8;
/// Above this the copy is given up: the keys are held in memory.
const MOST_KEYS: usize = 200_000;

/// What was written since a copy was begun.
#[derive(Debug)]
pub(super) enum Changes {
    /// These keys.
    Keys(BTreeSet<String>),
    /// More than can be copied after.
    All,
}

impl Default for Changes {
    fn default() -> Self {
        Self::Keys(BTreeSet::new())
    }
}

impl Changes {
    pub(super) fn note(&mut self, key: &str) {
        if let Self::Keys(keys) = self {
            keys.insert(key.to_owned());
        }
    }

    pub(super) fn add(&mut self, more: Self) {
        match (&mut *self, more) {
            (Self::Keys(keys), Self::Keys(more)) if keys.len() + more.len() <= MOST_KEYS => keys.extend(more),
            (Self::All, _) => {}
            _ => *self = Self::All,
        }
    }
}

/// How large the state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateSize {
    /// Bytes of the file.
    pub file: u64,
    /// Bytes of its pages that hold something, roughly.
    pub live: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compaction {
    /// Bytes of the file before and after.
    Done {
        /// Before.
        before: u64,
        /// After.
        after: u64,
    },
    /// Not now: the reason.
    PutOff(&'static str),
}

impl Stores {
    /// Bytes of the state's file; `None` in memory.
    ///
    /// # Errors
    /// Its attributes cannot be read.
    pub fn state_file_bytes(&self) -> Result<Option<u64>, StoreFault> {
        self.folder.as_ref().map(|folder| bytes_of(&folder.file(STATE_FILE))).transpose()
    }

    /// Bytes deleted from the state since it was opened, roughly. Where another took its place that counts for more than
    /// any holds.
    pub fn state_removed(&self) -> u64 {
        self.state.shared.removed.load(Ordering::Relaxed)
    }

    /// How much of the state's file is in use; `None` in memory. Reads the whole state. Blocks.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn state_size(&self) -> Result<Option<StateSize>, StoreFault> {
        let Some(file) = self.state_file_bytes()? else { return Ok(None) };
        let view = self.state.shared.view.load_full();
        let stats = view.kv.stats().fault(self.state.file(), "reading")?;
        let live = stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
        Ok(Some(StateSize { file, live }))
    }

    /// Copies what is live into a new file that takes the place of the present one. Reads and writes go on; at the end
    /// writes wait for two syncs. Blocks.
    ///
    /// # Errors
    /// The new file cannot be written, the old one not be read; the state stays as it is.
    pub fn compact_state(&self) -> Result<Compaction, StoreFault> {
        let (Some(folder), Some(reserve)) = (&self.folder, &self.reserve) else {
            return Ok(Compaction::PutOff("the state is in memory"));
        };
        let place = folder.file(STATE_FILE);
        let before = bytes_of(&place)?;
        let Some(view) = self.state.begin_changes()? else {
            return Ok(Compaction::PutOff("a snapshot is being restored, or this is under way"));
        };
        let path = folder.file(&format!("{STATE_FILE}{UNFINISHED}"));
        // Of a copy that could not be removed.
        let _ = fs::remove_file(&path);
        let open = |cache| {
            let made = NamedDb::successor(&path, self.state.file(), cache, reserve).map_err(from_open)?;
            Ok(Copy { state: &self.state, successor: made.0, patience: made.1 })
        };
        // Closed once all is copied, and opened again with the cache that it has from then on.
        let outcome = open(COPY_CACHE)
            .and_then(|copy| copy.copy_all(&view))
            .and_then(|()| {
                drop(view);
                open(STATE_USE.cache)
            })
            .and_then(|copy| copy.catch_up(folder, &path, &place));
        if !matches!(outcome, Ok(true)) {
            self.state.shared.writer.lock().changes = None;
            // Else it goes at the next start.
            let _ = fs::remove_file(&path);
        }
        match outcome? {
            true => Ok(Compaction::Done { before, after: bytes_of(&place)? }),
            false => Ok(Compaction::PutOff("too much was written meanwhile")),
        }
    }
}

impl StateStore {
    /// The state to be copied; from now on changes are noted.
    fn begin_changes(&self) -> Result<Option<Arc<View>>, StoreFault> {
        let mut writer = self.shared.writer.lock();
        self.shared.check(&writer)?;
        let view = self.shared.view.load_full();
        if writer.changes.is_some() || view.committed.staging.is_some() {
            return Ok(None);
        }
        writer.changes = Some(Changes::default());
        Ok(Some(view))
    }
}

struct Copy<'s> {
    state: &'s StateStore,
    successor: NamedDb,
    patience: Patience,
}

impl Copy<'_> {
    /// Copies what was changed since, and takes the place; `false` where too much was.
    fn catch_up(self, folder: &DataFolder, path: &Path, place: &Path) -> Result<bool, StoreFault> {
        for _ in 0..ROUNDS {
            let mut writer = self.state.shared.writer.lock();
            self.state.shared.check(&writer)?;
            let Some(Changes::Keys(keys)) = writer.changes.replace(Changes::default()) else { return Ok(false) };
            let view = self.state.shared.view.load_full();
            if keys.len() <= LAST_KEYS {
                return self.take_place(writer, &view, &keys, folder, path, place);
            }
            drop(writer);
            self.copy_keys(&view, &keys)?;
        }
        Ok(false)
    }

    fn copy_all(&self, view: &View) -> Result<(), StoreFault> {
        let file = self.state.file();
        let mut entries = view.kv.range::<&str>(..).fault(file, "reading")?.peekable();
        while entries.peek().is_some() {
            let writing = self.successor.db.begin_write().fault(file, COPYING)?;
            {
                let mut kv = writing.open_table(KV).fault(file, COPYING)?;
                let mut bytes = 0;
                while bytes < PART_BYTES
                    && let Some(entry) = entries.next()
                {
                    let (key, value) = entry.fault(file, "reading")?;
                    kv.insert(key.value(), value.value()).fault(file, COPYING)?;
                    bytes += key.value().len() + value.value().len();
                }
            }
            writing.commit().fault(file, COPYING)?;
        }
        Ok(())
    }

    fn copy_keys(&self, view: &View, keys: &BTreeSet<String>) -> Result<(), StoreFault> {
        let file = self.state.file();
        let writing = self.successor.db.begin_write().fault(file, COPYING)?;
        put_keys(&writing, view, keys, file)?;
        writing.commit().fault(file, COPYING)
    }

    /// Writes wait; reads go on, in the old file as long as they hold it.
    fn take_place(
        self,
        mut writer: MutexGuard<'_, Writer>,
        view: &View,
        keys: &BTreeSet<String>,
        folder: &DataFolder,
        path: &Path,
        place: &Path,
    ) -> Result<bool, StoreFault> {
        let (shared, file) = (&self.state.shared, self.state.file());
        let mut writing = self.successor.db.begin_write().fault(file, COPYING)?;
        writing.set_quick_repair(true);
        put_keys(&writing, view, keys, file)?;
        put_meta(&writing, &view.named, file)?;
        writing.commit().fault(file, COPYING)?;
        fs::rename(path, place).map_err(|error| io_fault(place, "renaming it", &error))?;
        // From here on the new file is the state.
        self.patience.begin();
        let old = std::mem::replace(&mut writer.named, Arc::new(self.successor));
        writer.changes = None;
        writer.unsynced = Unsynced::default();
        let synced = folder.sync().map_err(|error| io_fault(place, "syncing its folder", &error));
        shared.keep_fault(&mut writer, synced)?;
        shared.publish(&mut writer)?;
        drop(writer);
        // Closing it takes its time.
        drop(old);
        Ok(true)
    }
}

fn put_keys(writing: &WriteTransaction, view: &View, keys: &BTreeSet<String>, file: &str) -> Result<(), StoreFault> {
    let mut kv = writing.open_table(KV).fault(file, COPYING)?;
    for key in keys {
        match view.kv.get(key.as_str()).fault(file, "reading")? {
            Some(value) => drop(kv.insert(key.as_str(), value.value()).fault(file, COPYING)?),
            None => drop(kv.remove(key.as_str()).fault(file, COPYING)?),
        }
    }
    Ok(())
}

/// Header and positions.
fn put_meta(writing: &WriteTransaction, old: &NamedDb, file: &str) -> Result<(), StoreFault> {
    let reading = old.db.begin_read().fault(file, "reading")?;
    let from = reading.open_table(META).fault(file, "reading")?;
    let mut to = writing.open_table(META).fault(file, COPYING)?;
    for entry in from.range::<&str>(..).fault(file, "reading")? {
        let (key, value) = entry.fault(file, "reading")?;
        to.insert(key.value(), value.value()).fault(file, COPYING)?;
    }
    Ok(())
}

fn bytes_of(path: &Path) -> Result<u64, StoreFault> {
    fs::metadata(path).map(|found| found.len()).map_err(|error| io_fault(path, "reading its attributes", &error))
}

fn io_fault(path: &Path, action: &'static str, error: &std::io::Error) -> StoreFault {
    StoreFault::Io { file: path.display().to_string(), action, reason: error.to_string() }
}

fn from_open(error: OpenError) -> StoreFault {
    StoreFault::Io { file: STATE_FILE.to_owned(), action: COPYING, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use crate::{LogPosition, Medium, StateWrite};

    use super::*;

    fn at(index: u64) -> LogPosition {
        LogPosition { term: 1, leader: 7, index }
    }

    fn open_in(folder: &tempfile::TempDir) -> Stores {
        crate::open(&Medium::Folder(folder.path().join("data")), Some("n")).unwrap()
    }

    fn write(stores: &Stores, change: impl FnOnce(&mut StateWrite<'_>) -> Result<(), StoreFault>) {
        stores.state.write(change).unwrap();
    }

    fn everything(stores: &Stores) -> Vec<(String, Vec<u8>)> {
        let mut all = Vec::new();
        let add = |_, key: &str, value: &[u8]| {
            all.push((key.to_owned(), value.to_owned()));
            Ok::<_, StoreFault>(())
        };
        stores.state.snapshot().unwrap().for_each(add).unwrap();
        all
    }

    #[test]
    fn the_file_shrinks_and_nothing_else_changes() {
        let folder = tempfile::tempdir().unwrap();
        let stores = open_in(&folder);
        let value = vec![7; 64 << 10];
        for index in 1..=300 {
            write(&stores, |state| {
                state.put(&format!("key-{index}"), index, &value)?;
                state.set_applied(at(index))
            });
        }
        for index in 1..=290 {
            write(&stores, |state| state.delete(&format!("key-{index}")));
        }
        write(&stores, |state| state.set_membership(at(300), b"list"));
        stores.state.checkpoint().unwrap();
        let held = stores.state.snapshot().unwrap();
        let (all, committed) = (everything(&stores), stores.state.committed());
        let removed = stores.state_removed();
        assert!((290 * (64 << 10)..300 * (64 << 10)).contains(&removed), "{removed}");
        let size = stores.state_size().unwrap().unwrap();
        assert!(size.file > 3 * size.live, "{size:?}");
        let Compaction::Done { before, after } = stores.compact_state().unwrap() else { panic!() };
        assert!(after < before / 3 && before == size.file, "{before} {after}");
        assert_eq!((everything(&stores), stores.state.committed()), (all.clone(), committed.clone()));
        let mut kept = 0;
        held.for_each(|_, _, _| {
            kept += 1;
            Ok::<_, StoreFault>(())
        })
        .unwrap();
        assert_eq!(kept, 10, "a snapshot taken before is still read");
        write(&stores, |state| state.put("later", 301, b""));
        drop((held, stores));
        let again = open_in(&folder);
        assert_eq!((again.state.committed(), everything(&again).len()), (committed, all.len() + 1));
        assert!(!folder.path().join("data/state.redb.unfinished").exists());
    }

    #[test]
    fn writes_go_on_meanwhile_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let stores = open_in(&folder);
        let done = AtomicBool::new(false);
        let last = std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                let mut index = 0;
                while !done.load(Ordering::Relaxed) || index < 500 {
                    index += 1;
                    write(&stores, |state| {
                        state.put(&format!("key-{}", index % 97), index, &index.to_be_bytes())?;
                        state.delete(&format!("key-{}", (index + 40) % 97))?;
                        state.set_applied(at(index))
                    });
                }
                index
            });
            for _ in 0..5 {
                assert!(matches!(stores.compact_state().unwrap(), Compaction::Done { .. }));
            }
            done.store(true, Ordering::Relaxed);
            writing.join().unwrap()
        });
        let expected: BTreeSet<(String, u64)> =
            (last - 40 + 1..=last).map(|index| (format!("key-{}", index % 97), index)).collect();
        let check = |stores: &Stores| {
            assert_eq!(stores.state.committed().applied, Some(at(last)));
            for (key, index) in &expected {
                assert_eq!(stores.state.get(key).unwrap().unwrap().revision, *index, "{key}");
            }
        };
        check(&stores);
        drop(stores);
        check(&open_in(&folder));
    }

    #[test]
    fn a_staged_state_is_left_alone_and_one_that_comes_meanwhile_ends_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let stores = open_in(&folder);
        let view = stores.state.begin_changes().unwrap().unwrap();
        assert!(matches!(stores.compact_state().unwrap(), Compaction::PutOff(_)), "one at a time");
        write(&stores, |state| state.begin_staging(1, [1; 16]));
        assert!(matches!(stores.state.shared.writer.lock().changes, Some(Changes::All)));
        drop(view);
        stores.state.shared.writer.lock().changes = None;
        assert!(matches!(stores.compact_state().unwrap(), Compaction::PutOff(_)));
        write(&stores, |state| state.abandon_staging(2));
        assert!(matches!(stores.compact_state().unwrap(), Compaction::Done { .. }));
    }
}
