//! The log file: entries by index, the vote, and what is purged; written by one thread in groups.
//!
//! An append returns as soon as its records can be read; it is acknowledged, in order, once a group commit that holds
//! it is on disk. Votes and truncations go through the same queue, so that none overtakes another. The committed
//! position and purges ride along with the next group: losing them costs a little work at the next start, no data.

mod queue;
mod read;
mod record;
mod sync_time;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use crate::fault::FaultContext;
use crate::header::Header;
use crate::medium::{META, NamedDb};
use crate::{Faults, LogPosition, StoreFault};

pub use queue::Done;
pub use record::{Record, RecordKind, Vote};

use queue::{Op, Queue};
use sync_time::SyncTimes;
use tail::Tail;

pub(crate) const ENTRIES: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("entries");

pub(crate) mod meta_key {
    pub(crate) const VOTE: &str = "vote";
    pub(crate) const COMMITTED: &str = "committed";
    pub(crate) const PURGED: &str = "purged";
}

/// The log's two ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogBounds {
    /// The last entry that was purged.
    pub purged: Option<LogPosition>,
    /// The last entry, or `purged` when there is none.
    pub last: Option<LogPosition>,
}

/// The open log.
#[derive(Debug)]
pub struct LogStore {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    named: NamedDb,
    /// Never held across input or output.
    live: Mutex<Live>,
    work: Condvar,
    faults: Faults,
    /// Encoded bytes of the entries on disk.
    bytes: AtomicU64,
    sync_times: Mutex<SyncTimes>,
}

/// The log as its users see it, ahead of the file by what is queued.
#[derive(Debug)]
struct Live {
    tail: Tail,
    queue: Queue,
    bounds: LogBounds,
    /// The last durable one.
    vote: Option<Vote>,
    committed: Option<LogPosition>,
    /// Set at the first failed write: nothing is written after it.
    fault: Option<StoreFault>,
    closing: bool,
}

impl LogStore {
    pub(crate) fn open(named: NamedDb, faults: Faults) -> Result<Self, StoreFault> {
        let (live, bytes) = load(&named)?;
        let shared = Arc::new(Shared {
            named,
            live: Mutex::new(live),
            work: Condvar::new(),
            faults,
            bytes: AtomicU64::new(bytes),
            sync_times: Mutex::default(),
        });
        let writer = std::thread::Builder::new()
            .name("coffer-log".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || writer::run(&shared)
            })
            .map_err(|error| StoreFault::Io {
                file: shared.named.file.clone(),
                action: "starting its writer thread",
                reason: error.to_string(),
            })?;
        Ok(Self { shared, writer: Mutex::new(Some(writer)) })
    }

    /// The file's name in errors.
    pub fn file(&self) -> &str {
        &self.shared.named.file
    }

    /// Both ends, queued changes included.
    pub fn bounds(&self) -> LogBounds {
        self.shared.live.lock().bounds
    }

    /// Encoded bytes of the entries on disk; what is queued comes when it is written.
    pub fn stored_bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// How long the last group commits took: 95 of 100 took no longer. Zero before the first.
    pub fn sync_time(&self) -> Duration {
        self.shared.sync_times.lock().typical_most()
    }

    /// The last durable vote.
    pub fn vote(&self) -> Option<Vote> {
        self.shared.live.lock().vote
    }

    /// The last committed position that was told; after a restart maybe an older one.
    pub fn committed(&self) -> Option<LogPosition> {
        self.shared.live.lock().committed
    }

    /// Appends records that follow the last one without a gap. They can be read when this returns; `done` is called
    /// on the writer thread once they are durable, in the order of the calls.
    ///
    /// # Errors
    /// [`StoreFault::Misuse`] for a gap; the fault that stopped the writer. `done` is then dropped uncalled.
    pub fn append(&self, records: Vec<Record>, done: Done) -> Result<(), StoreFault> {
        self.enqueue(|live, file| {
            if let Some(gap) = gap(live.bounds.last, &records) {
                return Err(StoreFault::Misuse { file: file.to_owned(), what: gap });
            }
            let seq = live.queue.next_seq();
            if let Some(last) = records.last() {
                live.bounds.last = Some(last.at);
            }
            live.tail.push(seq, &records);
            live.queue.push(Op::Append { records, done });
            Ok(())
        })
    }

    /// Saves the vote; `done` is called once it is durable.
    ///
    /// # Errors
    /// The fault that stopped the writer.
    pub fn save_vote(&self, vote: Vote, done: Done) -> Result<(), StoreFault> {
        self.enqueue(|live, _| {
            live.queue.push(Op::Vote { vote, done });
            Ok(())
        })
    }

    /// Removes all entries after `last` (all, for `None`); reads see it at once, `done` is called once it is durable.
    ///
    /// # Errors
    /// [`StoreFault::Misuse`] when `last` is purged already; the fault that stopped the writer.
    pub fn truncate_after(&self, last: Option<LogPosition>, done: Done) -> Result<(), StoreFault> {
        self.enqueue(|live, file| {
            if last.map(|last| last.index) < live.bounds.purged.map(|purged| purged.index) {
                let what = "the log cannot be truncated to an entry that is purged".to_owned();
                return Err(StoreFault::Misuse { file: file.to_owned(), what });
            }
            let first_removed = last.map_or(0, |last| last.index.saturating_add(1));
            live.tail.truncate_from(first_removed);
            if live.bounds.last.is_some_and(|held| held.index >= first_removed) {
                live.bounds.last = last;
            }
            live.queue.push(Op::TruncateFrom { index: first_removed, done });
            Ok(())
        })
    }

    /// Forgets all entries up to `upto`. Reads see it at once, the file after the next group.
    pub fn purge(&self, upto: LogPosition) {
        let mut live = self.shared.live.lock();
        if live.bounds.purged.is_some_and(|purged| purged.index >= upto.index) {
            return;
        }
        live.bounds.purged = Some(upto);
        if live.bounds.last.is_none_or(|last| last.index < upto.index) {
            live.bounds.last = Some(upto);
        }
        live.tail.purge(upto.index);
        live.queue.purge = Some(upto);
    }

    /// Notes how far the log is committed; on disk with the next group.
    pub fn save_committed(&self, committed: Option<LogPosition>) {
        let mut live = self.shared.live.lock();
        live.committed = committed;
        live.queue.committed = Some(committed);
    }

    pub(crate) fn write_header(&self, header: &Header) -> Result<(), StoreFault> {
        self.shared.named.write_header(header)
    }

    /// Writes what is queued, ends the thread. Blocks.
    pub fn close(&self) {
        self.shared.live.lock().closing = true;
        self.shared.work.notify_one();
        if let Some(writer) = self.writer.lock().take() {
            // A writer that panicked has reported a fault.
            let _ = writer.join();
        }
    }

    fn enqueue(&self, change: impl FnOnce(&mut Live, &str) -> Result<(), StoreFault>) -> Result<(), StoreFault> {
        let mut live = self.shared.live.lock();
        if let Some(fault) = &live.fault {
            return Err(fault.clone());
        }
        if live.closing {
            return Err(StoreFault::Closed { file: self.shared.named.file.clone() });
        }
        change(&mut live, &self.shared.named.file)?;
        drop(live);
        self.shared.work.notify_one();
        Ok(())
    }
}

impl Drop for LogStore {
    fn drop(&mut self) {
        self.close();
    }
}

fn gap(last: Option<LogPosition>, records: &[Record]) -> Option<String> {
    // An empty log takes any first index: entries before it came in a snapshot.
    let mut wanted = last.map(|last| last.index.saturating_add(1)).or(records.first().map(|first| first.at.index))?;
    for record in records {
        if record.at.index != wanted {
            return Some(format!("entry {} was appended where {wanted} is next", record.at.index));
        }
        wanted = wanted.saturating_add(1);
    }
    None
}

/// Reads the ends, the vote and the size, and checks that no entry is missing in between.
fn load(named: &NamedDb) -> Result<(Live, u64), StoreFault> {
    let file = named.file.as_str();
    const READING: &str = "reading";
    create_tables(named)?;
    let reading = named.db.begin_read().fault(file, READING)?;
    let meta = reading.open_table(META).fault(file, READING)?;
    let entries = reading.open_table(ENTRIES).fault(file, READING)?;
    let position = |key: &str| -> Result<Option<LogPosition>, StoreFault> {
        let Some(found) = meta.get(key).fault(file, READING)? else { return Ok(None) };
        let decoded = LogPosition::decode(found.value());
        decoded.map(Some).ok_or_else(|| StoreFault::damaged(file, format!("its record {key:?} makes no sense")))
    };
    let purged = position(meta_key::PURGED)?;
    let committed = position(meta_key::COMMITTED)?;
    let vote = match meta.get(meta_key::VOTE).fault(file, READING)? {
        Some(found) => {
            let decoded = Vote::decode(found.value());
            Some(decoded.ok_or_else(|| StoreFault::damaged(file, "the vote in it makes no sense"))?)
        }
        None => None,
    };
    let first = entries.first().fault(file, READING)?.map(|(index, _)| index.value());
    let last = match entries.last().fault(file, READING)? {
        Some((index, bytes)) => Some(Record::decode(file, index.value(), bytes.value())?.at),
        None => None,
    };
    if let (Some(first), Some(last)) = (first, last) {
        let wanted = last.index.saturating_sub(first).saturating_add(1);
        let found = entries.len().fault(file, READING)?;
        let starts_late = purged.is_some_and(|purged| purged.index.saturating_add(1) != first);
        if found != wanted || starts_late {
            let what = format!("it should hold the entries {first} to {} and holds {found}", last.index);
            return Err(StoreFault::damaged(file, what));
        }
    }
    let bytes = entries.stats().fault(file, READING)?.stored_bytes();
    let live = Live {
        tail: Tail::default(),
        queue: Queue::default(),
        bounds: LogBounds { purged, last: last.or(purged) },
        vote,
        committed,
        fault: None,
        closing: false,
    };
    Ok((live, bytes))
}

/// Tables exist from the start, so that readers never meet a missing one.
fn create_tables(named: &NamedDb) -> Result<(), StoreFault> {
    const OPENING: &str = "opening its tables";
    {
        let reading = named.db.begin_read().fault(&named.file, OPENING)?;
        if reading.open_table(ENTRIES).is_ok() && reading.open_table(META).is_ok() {
            return Ok(());
        }
    }
    let writing = named.db.begin_write().fault(&named.file, OPENING)?;
    writing.open_table(ENTRIES).fault(&named.file, OPENING)?;
    writing.open_table(META).fault(&named.file, OPENING)?;
    writing.commit().fault(&named.file, OPENING)
}
