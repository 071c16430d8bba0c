//! A second state beside the one that reads see: filled entry by entry, then put in its place by one.
//!
//! The exchange renames tables and takes the same time at any size. What is no longer wanted is renamed too, and removed
//! afterwards in steps, by each node for itself: nobody sees it any more.

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, TableHandle, WriteTransaction};

use crate::StoreFault;
use crate::fault::FaultContext;
use crate::medium::NamedDb;

use super::{KV, StateStore, write};

pub(super) const STAGED: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("staged");

/// Tables that nobody reads any more; the rest of the name is the entry that set them aside.
const ASIDE: &str = "aside-";

/// A staged state: who stages it, and how far that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staging {
    /// Of the exchange that it belongs to.
    pub id: [u8; 16],
    /// Keys in it.
    pub keys: u64,
}

impl Staging {
    const LEN: usize = 24;

    pub(crate) fn encode(self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..16].copy_from_slice(&self.id);
        out[16..].copy_from_slice(&self.keys.to_be_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (id, keys) = bytes.split_first_chunk::<16>()?;
        Some(Self { id: *id, keys: u64::from_be_bytes(keys.try_into().ok()?) })
    }
}

/// Renames a table, if it is there, so that it is removed later.
pub(super) fn set_aside(
    writing: &WriteTransaction,
    table: TableDefinition<'_, &str, &[u8]>,
    index: u64,
    file: &str,
) -> Result<(), StoreFault> {
    // The same entry may set two aside.
    let name = format!("{ASIDE}{index}-{}", table.name());
    match writing.rename_table(table, TableDefinition::<&str, &[u8]>::new(&name)) {
        Ok(()) | Err(redb::TableError::TableDoesNotExist(_)) => Ok(()),
        Err(error) => Err(error).fault(file, write::WRITING),
    }
}

/// Puts the staged table in the place of the live one.
pub(super) fn exchange(writing: &WriteTransaction, index: u64, file: &str) -> Result<(), StoreFault> {
    set_aside(writing, KV, index, file)?;
    writing.rename_table(STAGED, KV).fault(file, write::WRITING)
}

impl StateStore {
    /// Removes some of what was set aside: about `limit` keys. `true` where there is more. Blocks.
    ///
    /// # Errors
    /// Those of the file, which end the store.
    pub fn clear_aside(&self, limit: usize) -> Result<bool, StoreFault> {
        let mut writer = self.shared.writer.lock();
        self.shared.check(&writer)?;
        let Some(name) = first_aside(&writer.named)? else { return Ok(false) };
        let outcome = clear(&writer.named, &name, limit);
        self.shared.keep_fault(&mut writer, outcome)?;
        // Counts for as much as the keys that it removes.
        if writer.unsynced.add(limit * 64) {
            drop(writer);
            self.shared.request_checkpoint();
        }
        Ok(true)
    }
}

fn first_aside(named: &NamedDb) -> Result<Option<String>, StoreFault> {
    let reading = named.db.begin_read().fault(&named.file, "reading")?;
    let mut tables = reading.list_tables().fault(&named.file, "reading")?;
    Ok(tables.find(|table| table.name().starts_with(ASIDE)).map(|table| table.name().to_owned()))
}

fn clear(named: &NamedDb, name: &str, limit: usize) -> Result<(), StoreFault> {
    let file = named.file.as_str();
    let definition = TableDefinition::<&str, &[u8]>::new(name);
    let mut writing = named.db.begin_write().fault(file, write::WRITING)?;
    writing.set_durability(redb::Durability::None).fault(file, write::WRITING)?;
    let is_empty = {
        let mut table = writing.open_table(definition).fault(file, write::WRITING)?;
        let end = table.range::<&str>(..).fault(file, "reading")?.nth(limit).transpose().fault(file, "reading")?;
        let end = end.map(|(key, _)| key.value().to_owned());
        match end {
            Some(end) => table.retain_in(..end.as_str(), |_, _| false).fault(file, write::WRITING)?,
            None => table.retain(|_, _| false).fault(file, write::WRITING)?,
        }
        table.is_empty().fault(file, "reading")?
    };
    if is_empty {
        writing.delete_table(definition).fault(file, write::WRITING)?;
    }
    writing.commit().fault(file, write::WRITING)
}
