//! The state file: what the applied entries have made, with the position of the last one in the same transaction.
//!
//! Commits are seen by reads at once and are not synced one by one, since the log is on disk before anything is
//! applied: a background thread makes them durable every second or so, and whoever wants to purge the log asks for
//! it. After a crash the file holds an older, whole state, from which the log is applied again.

mod checkpoint;
mod compact;
mod list;
mod snapshot;
mod staging;
#[cfg(test)]
mod tests;
mod view;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use bytes::Bytes;
use parking_lot::{Condvar, Mutex, MutexGuard};
use redb::{ReadableDatabase, TableDefinition};

use crate::fault::FaultContext;
use crate::header::Header;
use crate::medium::{META, NamedDb};
use crate::{Faults, LogPosition, StoreFault};

pub use compact::{Compaction, StateSize};
pub use snapshot::{Part, StateSnapshot, Walk};
pub use staging::Staging;
pub use view::Value;
pub use write::StateWrite;

use checkpoint::Unsynced;
use compact::Changes;
use view::View;

const KV: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("kv");

mod meta_key {
    pub(super) const APPLIED: &str = "applied";
    pub(super) const MEMBERSHIP: &str = "membership";
    pub(super) const STAGING: &str = "staging";
}

/// Positions that are committed with the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The last entry whose effect is in the state.
    pub applied: Option<LogPosition>,
    /// The last member list applied, in the caller's encoding, and the entry that held it.
    pub membership: Option<(LogPosition, Bytes)>,
    /// A state that is being staged to take the place of this one.
    pub staging: Option<Staging>,
}

/// The open state.
#[derive(Debug)]
pub struct StateStore {
    shared: Arc<Shared>,
    checkpointer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    /// The file's name.
    file: String,
    /// What reads see: exchanged after every commit.
    view: ArcSwap<View>,
    /// One writer at a time; held across commits.
    writer: Mutex<Writer>,
    checkpointer: Mutex<checkpoint::Request>,
    work: Condvar,
    /// Bytes deleted since the store was opened; those of an exchanged state count for more than there can be.
    removed: AtomicU64,
    faults: Faults,
}

#[derive(Debug)]
struct Writer {
    named: Arc<NamedDb>,
    /// What has changed since a copy was begun, while one is made.
    changes: Option<Changes>,
    unsynced: Unsynced,
    fault: Option<StoreFault>,
    closed: bool,
}

impl StateStore {
    pub(crate) fn open(named: NamedDb, faults: Faults) -> Result<Self, StoreFault> {
        create_tables(&named)?;
        let named = Arc::new(named);
        let view = View::open(&named)?;
        let shared = Arc::new(Shared {
            view: ArcSwap::from_pointee(view),
            file: named.file.clone(),
            writer: Mutex::new(Writer {
                named,
                changes: None,
                unsynced: Unsynced::default(),
                fault: None,
                closed: false,
            }),
            checkpointer: Mutex::default(),
            work: Condvar::new(),
            removed: AtomicU64::new(0),
            faults,
        });
        let checkpointer = checkpoint::spawn(&shared)?;
        Ok(Self { shared, checkpointer: Mutex::new(Some(checkpointer)) })
    }

    /// True for a file that was made and never used.
    pub(crate) fn is_pristine(named: NamedDb) -> Result<bool, crate::OpenError> {
        let header = named.read_header()?;
        create_tables(&named)?;
        Ok(header.cluster.is_none() && View::open(&Arc::new(named))?.committed.applied.is_none())
    }

    /// The file's name in errors.
    pub fn file(&self) -> &str {
        &self.shared.file
    }

    /// Positions of the state that reads see.
    pub fn committed(&self) -> Committed {
        self.shared.view.load().committed.clone()
    }

    /// The value of a key.
    ///
    /// # Errors
    /// The file cannot be read, or holds something that makes no sense.
    pub fn get(&self, key: &str) -> Result<Option<Value>, StoreFault> {
        self.shared.view.load().get(self.file(), key)
    }

    /// The immediate children of `prefix` after `after` (a child's name, or empty), in byte order, at most `limit`.
    /// All that lies below a child folds into one name that ends in `/`, found without reading it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn list(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreFault> {
        list::children(&self.shared.view.load(), self.file(), prefix, after, limit)
    }

    /// The keys that begin with `prefix`, after the key `after` (or empty), in byte order, at most `limit`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn scan(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreFault> {
        list::keys(&self.shared.view.load(), self.file(), prefix, after, limit)
    }

    /// Runs `change` in one transaction and commits it; reads see it when this returns. Not yet durable then. Blocks
    /// while another write or a sync is under way. If `change` fails, nothing is written.
    ///
    /// # Errors
    /// `change`'s own; those of the file, which end the store.
    pub fn write<T>(&self, change: impl FnOnce(&mut StateWrite<'_>) -> Result<T, StoreFault>) -> Result<T, StoreFault> {
        self.write_holding(self.shared.writer.lock(), change)
    }

    /// [`StateStore::write`] where that need not wait; else gives `change` back.
    ///
    /// # Errors
    /// As [`StateStore::write`].
    pub fn try_write<T, F>(&self, change: F) -> Result<Result<T, StoreFault>, F>
    where
        F: FnOnce(&mut StateWrite<'_>) -> Result<T, StoreFault>,
    {
        match self.shared.writer.try_lock() {
            Some(writer) => Ok(self.write_holding(writer, change)),
            None => Err(change),
        }
    }

    fn write_holding<T>(
        &self,
        mut writer: MutexGuard<'_, Writer>,
        change: impl FnOnce(&mut StateWrite<'_>) -> Result<T, StoreFault>,
    ) -> Result<T, StoreFault> {
        self.shared.check(&writer)?;
        let outcome = write::commit(&writer.named, writer.changes.is_some(), change);
        let done = self.shared.keep_fault(&mut writer, outcome)?;
        if let (Some(changes), Some(more)) = (&mut writer.changes, done.changes) {
            changes.add(more);
        }
        self.shared.removed.fetch_add(done.removed, Ordering::Relaxed);
        self.shared.publish(&mut writer)?;
        if writer.unsynced.add(done.bytes) {
            drop(writer);
            self.shared.request_checkpoint();
        }
        Ok(done.value)
    }

    pub(crate) fn write_header(&self, header: &Header) -> Result<(), StoreFault> {
        let writer = self.shared.writer.lock();
        self.shared.check(&writer)?;
        writer.named.write_header(header)
    }

    /// Syncs what is not yet durable, ends the thread. Blocks.
    pub fn close(&self) {
        self.shared.checkpointer.lock().closing = true;
        self.shared.work.notify_one();
        if let Some(checkpointer) = self.checkpointer.lock().take() {
            // One that panicked has left a fault.
            let _ = checkpointer.join();
        }
        self.shared.writer.lock().closed = true;
    }
}

impl Drop for StateStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn check(&self, writer: &Writer) -> Result<(), StoreFault> {
        match &writer.fault {
            Some(fault) => Err(fault.clone()),
            None if writer.closed => Err(StoreFault::Closed { file: self.file.clone() }),
            None => Ok(()),
        }
    }

    /// The first failed write ends all writing.
    fn keep_fault<T>(&self, writer: &mut Writer, outcome: Result<T, StoreFault>) -> Result<T, StoreFault> {
        if let Err(fault) = &outcome {
            writer.fault = Some(fault.clone());
            self.faults.report(fault.clone());
        }
        outcome
    }

    /// Lets reads see the last commit.
    fn publish(&self, writer: &mut Writer) -> Result<(), StoreFault> {
        let view = View::open(&writer.named);
        let view = self.keep_fault(writer, view)?;
        self.view.store(Arc::new(view));
        Ok(())
    }
}

fn create_tables(named: &NamedDb) -> Result<(), StoreFault> {
    const OPENING: &str = "opening its tables";
    {
        let reading = named.db.begin_read().fault(&named.file, OPENING)?;
        if reading.open_table(KV).is_ok() && reading.open_table(META).is_ok() {
            return Ok(());
        }
    }
    let writing = named.db.begin_write().fault(&named.file, OPENING)?;
    writing.open_table(KV).fault(&named.file, OPENING)?;
    writing.open_table(META).fault(&named.file, OPENING)?;
    writing.commit().fault(&named.file, OPENING)
}
