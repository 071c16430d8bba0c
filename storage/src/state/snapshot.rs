//! A frozen state: taken at once, streamed later, installed whole.

use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use redb::Durability;

use crate::fault::FaultContext;
use crate::medium::{META, NamedDb};
use crate::{LogPosition, SnapshotMeta, StoreFault};

use super::checkpoint::Unsynced;
use super::compact::Changes;
use super::staging::{self, STAGED};
use super::view::{View, split_value};
use super::write::EVERYTHING;
use super::{Committed, KV, StateStore, meta_key};

/// Which of the two states that lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The one that reads see.
    Live,
    /// The one that is to take its place.
    Staged,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Give the next.
    On,
    /// Stop.
    Enough,
}

/// The state at one position, unchanged by later writes. Holds its pages in the file until it is dropped.
#[derive(Clone, Debug)]
pub struct StateSnapshot {
    view: Arc<View>,
    file: String,
}

impl StateSnapshot {
    /// What it contains.
    pub fn committed(&self) -> &Committed {
        &self.view.committed
    }

    /// Hands each key and stored value (revision included) to `each`: all of one part, then of the other, in key order.
    ///
    /// # Errors
    /// The file cannot be read; `each`'s own.
    pub fn for_each<E: From<StoreFault>>(
        &self,
        mut each: impl FnMut(Part, &str, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let parts = [(Part::Live, Some(&self.view.kv)), (Part::Staged, self.view.staged.as_ref())];
        for (part, table) in parts {
            let Some(table) = table else { continue };
            for entry in table.range::<&str>(..).fault(&self.file, "reading")? {
                let (key, value) = entry.fault(&self.file, "reading")?;
                each(part, key.value(), value.value())?;
            }
        }
        Ok(())
    }

    /// Hands key, revision and value of what is live, after the key `after` (or empty), to `each`, until it says that it has enough.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn walk(&self, after: &str, mut each: impl FnMut(&str, u64, &[u8]) -> Walk) -> Result<(), StoreFault> {
        let start = if after.is_empty() { Bound::Unbounded } else { Bound::Excluded(after) };
        for entry in self.view.kv.range::<&str>((start, Bound::Unbounded)).fault(&self.file, "reading")? {
            let (key, value) = entry.fault(&self.file, "reading")?;
            let (revision, value) = split_value(&self.file, value.value())?;
            if each(key.value(), revision, value) == Walk::Enough {
                break;
            }
        }
        Ok(())
    }
}

impl StateStore {
    /// Freezes the state, after making it durable: the log up to it may then be purged. Blocks for the sync.
    ///
    /// # Errors
    /// Those of the file, which end the store.
    pub fn snapshot(&self) -> Result<StateSnapshot, StoreFault> {
        let _writer = self.shared.checkpoint_holding(self.shared.writer.lock())?;
        Ok(StateSnapshot { view: self.shared.view.load_full(), file: self.shared.file.clone() })
    }

    /// Exchanges the whole state, durably, in one transaction; `fill` puts all keys and stored values. If it fails,
    /// the old state stays. Blocks.
    ///
    /// # Errors
    /// `fill`'s own, those of the file.
    pub fn replace<E: From<StoreFault>>(
        &self,
        meta: &SnapshotMeta,
        fill: impl FnOnce(&mut dyn FnMut(Part, &str, &[u8]) -> Result<(), StoreFault>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut writer = self.shared.writer.lock();
        self.shared.check(&writer)?;
        if let Some(changes) = &mut writer.changes {
            *changes = Changes::All;
        }
        replace_all(&writer.named, meta, fill)?;
        self.shared.removed.fetch_add(EVERYTHING, Ordering::Relaxed);
        writer.unsynced = Unsynced::default();
        self.shared.publish(&mut writer)?;
        Ok(())
    }
}

fn replace_all<E: From<StoreFault>>(
    named: &NamedDb,
    meta: &SnapshotMeta,
    fill: impl FnOnce(&mut dyn FnMut(Part, &str, &[u8]) -> Result<(), StoreFault>) -> Result<(), E>,
) -> Result<(), E> {
    const WRITING: &str = "installing a snapshot";
    let file = named.file.as_str();
    let mut writing = named.db.begin_write().fault(file, WRITING)?;
    writing.set_durability(Durability::Immediate).fault(file, WRITING)?;
    writing.set_quick_repair(true);
    let index = meta.applied.map_or(0, |at| at.index);
    for table in [KV, STAGED] {
        staging::set_aside(&writing, table, index, file)?;
    }
    {
        let mut kv = writing.open_table(KV).fault(file, WRITING)?;
        let mut staged = match meta.staging {
            Some(_) => Some(writing.open_table(STAGED).fault(file, WRITING)?),
            None => None,
        };
        fill(&mut |part, key, value| {
            let table = if part == Part::Live { Some(&mut kv) } else { staged.as_mut() };
            if let Some(table) = table {
                table.insert(key, value).fault(file, WRITING)?;
            }
            Ok(())
        })?;
        let mut positions = writing.open_table(META).fault(file, WRITING)?;
        set(&mut positions, meta_key::APPLIED, meta.applied.map(|at| at.encode().to_vec()), file)?;
        let membership = meta.membership.as_ref().map(|(at, list)| with_position(*at, list));
        set(&mut positions, meta_key::MEMBERSHIP, membership, file)?;
        set(&mut positions, meta_key::STAGING, meta.staging.map(|staging| staging.encode().to_vec()), file)?;
    }
    writing.commit().fault(file, WRITING)?;
    Ok(())
}

fn with_position(at: LogPosition, list: &[u8]) -> Vec<u8> {
    [at.encode().as_slice(), list].concat()
}

fn set(
    table: &mut redb::Table<'_, &str, &[u8]>,
    key: &str,
    value: Option<Vec<u8>>,
    file: &str,
) -> Result<(), StoreFault> {
    match value {
        Some(value) => table.insert(key, value.as_slice()).map(drop).fault(file, "installing a snapshot"),
        None => table.remove(key).map(drop).fault(file, "installing a snapshot"),
    }
}
