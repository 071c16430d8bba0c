//! A frozen state: taken at once, streamed later, installed whole.

use std::sync::Arc;

use redb::Durability;

use crate::fault::FaultContext;
use crate::medium::{META, NamedDb};
use crate::{LogPosition, SnapshotMeta, StoreFault};

use super::checkpoint::Unsynced;
use super::view::View;
use super::{Committed, KV, StateStore, meta_key};

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

    /// Hands each key and stored value (revision included) to `each`, in key order.
    ///
    /// # Errors
    /// The file cannot be read; `each`'s own.
    pub fn for_each<E: From<StoreFault>>(&self, mut each: impl FnMut(&str, &[u8]) -> Result<(), E>) -> Result<(), E> {
        for entry in self.view.kv.range::<&str>(..).fault(&self.file, "reading")? {
            let (key, value) = entry.fault(&self.file, "reading")?;
            each(key.value(), value.value())?;
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
        Ok(StateSnapshot { view: self.shared.view.load_full(), file: self.shared.named.file.clone() })
    }

    /// Exchanges the whole state, durably, in one transaction; `fill` puts all keys and stored values. If it fails,
    /// the old state stays. Blocks.
    ///
    /// # Errors
    /// `fill`'s own, those of the file.
    pub fn replace<E: From<StoreFault>>(
        &self,
        meta: &SnapshotMeta,
        fill: impl FnOnce(&mut dyn FnMut(&str, &[u8]) -> Result<(), StoreFault>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut writer = self.shared.writer.lock();
        self.shared.check(&writer)?;
        replace_all(&self.shared.named, meta, fill)?;
        writer.unsynced = Unsynced::default();
        self.shared.publish(&mut writer)?;
        Ok(())
    }
}

fn replace_all<E: From<StoreFault>>(
    named: &NamedDb,
    meta: &SnapshotMeta,
    fill: impl FnOnce(&mut dyn FnMut(&str, &[u8]) -> Result<(), StoreFault>) -> Result<(), E>,
) -> Result<(), E> {
    const WRITING: &str = "installing a snapshot";
    let file = named.file.as_str();
    let mut writing = named.db.begin_write().fault(file, WRITING)?;
    writing.set_durability(Durability::Immediate).fault(file, WRITING)?;
    writing.set_quick_repair(true);
    writing.delete_table(KV).fault(file, WRITING)?;
    {
        let mut kv = writing.open_table(KV).fault(file, WRITING)?;
        fill(&mut |key, value| {
            kv.insert(key, value).fault(file, WRITING)?;
            Ok(())
        })?;
        let mut positions = writing.open_table(META).fault(file, WRITING)?;
        set(&mut positions, meta_key::APPLIED, meta.applied.map(|at| at.encode().to_vec()), file)?;
        let membership = meta.membership.as_ref().map(|(at, list)| with_position(*at, list));
        set(&mut positions, meta_key::MEMBERSHIP, membership, file)?;
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
