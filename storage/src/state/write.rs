//! A write transaction on the state.

use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{Durability, ReadableTable, Table};

use crate::fault::FaultContext;
use crate::medium::{META, NamedDb};
use crate::{LogPosition, StoreFault};

use super::view::{REVISION, split_value};
use super::{KV, meta_key};

const WRITING: &str = "writing";

/// The state inside one transaction: reads see what it has written.
pub struct StateWrite<'t> {
    file: &'t str,
    kv: Table<'t, &'static str, &'static [u8]>,
    meta: Table<'t, &'static str, &'static [u8]>,
    bytes: usize,
}

impl StateWrite<'_> {
    /// The index of the entry that wrote the key; `None` where it is absent.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn revision(&self, key: &str) -> Result<Option<u64>, StoreFault> {
        let Some(found) = self.kv.get(key).fault(self.file, "reading")? else { return Ok(None) };
        split_value(self.file, found.value()).map(|(revision, _)| Some(revision))
    }

    /// Sets a key.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn put(&mut self, key: &str, revision: u64, value: &[u8]) -> Result<(), StoreFault> {
        let mut place = self.kv.insert_reserve(key, REVISION + value.len()).fault(self.file, WRITING)?;
        if let Some((head, body)) = place.as_mut().split_first_chunk_mut::<REVISION>() {
            *head = revision.to_be_bytes();
            body.copy_from_slice(value);
        }
        self.bytes += key.len() + value.len();
        Ok(())
    }

    /// Removes a key, if it is there.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn delete(&mut self, key: &str) -> Result<(), StoreFault> {
        self.kv.remove(key).fault(self.file, WRITING)?;
        self.bytes += key.len();
        Ok(())
    }

    /// Notes the last applied entry.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set_applied(&mut self, at: LogPosition) -> Result<(), StoreFault> {
        self.meta.insert(meta_key::APPLIED, at.encode().as_slice()).fault(self.file, WRITING)?;
        Ok(())
    }

    /// Notes the member list and the entry that holds it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set_membership(&mut self, at: LogPosition, list: &[u8]) -> Result<(), StoreFault> {
        let record = [at.encode().as_slice(), list].concat();
        self.meta.insert(meta_key::MEMBERSHIP, record.as_slice()).fault(self.file, WRITING)?;
        Ok(())
    }
}

/// Commits without a sync; gives the bytes written too. A panic over a damaged file becomes a fault: whoever waits for
/// the outcome must get one.
pub(super) fn commit<T>(
    named: &NamedDb,
    change: impl FnOnce(&mut StateWrite<'_>) -> Result<T, StoreFault>,
) -> Result<(T, usize), StoreFault> {
    catch_unwind(AssertUnwindSafe(|| try_commit(named, change)))
        .unwrap_or_else(|_| Err(StoreFault::damaged(&named.file, "its structure makes no sense")))
}

fn try_commit<T>(
    named: &NamedDb,
    change: impl FnOnce(&mut StateWrite<'_>) -> Result<T, StoreFault>,
) -> Result<(T, usize), StoreFault> {
    let file = named.file.as_str();
    let mut writing = named.db.begin_write().fault(file, WRITING)?;
    writing.set_durability(Durability::None).fault(file, WRITING)?;
    let outcome = {
        let kv = writing.open_table(KV).fault(file, WRITING)?;
        let meta = writing.open_table(META).fault(file, WRITING)?;
        let mut state = StateWrite { file, kv, meta, bytes: 0 };
        change(&mut state).map(|value| (value, state.bytes))
    };
    match outcome {
        Ok(done) => {
            writing.commit().fault(file, WRITING)?;
            Ok(done)
        }
        Err(fault) => {
            writing.abort().fault(file, WRITING)?;
            Err(fault)
        }
    }
}
