//! A write transaction on the state.

use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{Durability, ReadableTable, Table, WriteTransaction};

use crate::fault::FaultContext;
use crate::medium::{META, NamedDb};
use crate::{LogPosition, StoreFault};

use super::compact::Changes;
use super::staging::{self, STAGED, Staging};
use super::view::{REVISION, split_value};
use super::{KV, meta_key};

pub(super) const WRITING: &str = "writing";

type Records<'t> = Table<'t, &'static str, &'static [u8]>;

/// The state inside one transaction: reads see what it has written.
pub struct StateWrite<'t> {
    file: &'t str,
    writing: &'t WriteTransaction,
    /// Not open for a moment only, while its name is given to another table.
    kv: Option<Records<'t>>,
    meta: Records<'t>,
    /// Opened by its first use in the transaction.
    staged: Option<Records<'t>>,
    bytes: usize,
    removed: u64,
    /// Kept while the file is being copied.
    changes: Option<Changes>,
}

impl StateWrite<'_> {
    /// The index of the entry that wrote the key; `None` where it is absent.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn revision(&self, key: &str) -> Result<Option<u64>, StoreFault> {
        let kv = self.kv.as_ref().ok_or_else(|| lost(self.file))?;
        let Some(found) = kv.get(key).fault(self.file, "reading")? else { return Ok(None) };
        split_value(self.file, found.value()).map(|(revision, _)| Some(revision))
    }

    /// Sets a key.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn put(&mut self, key: &str, revision: u64, value: &[u8]) -> Result<(), StoreFault> {
        let kv = self.kv.as_mut().ok_or_else(|| lost(self.file))?;
        insert(kv, self.file, key, revision, value)?;
        self.bytes += key.len() + value.len();
        self.note(key);
        Ok(())
    }

    /// Removes a key, if it is there.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn delete(&mut self, key: &str) -> Result<(), StoreFault> {
        let kv = self.kv.as_mut().ok_or_else(|| lost(self.file))?;
        let removed = kv.remove(key).fault(self.file, WRITING)?;
        self.removed += removed.map_or(0, |value| key.len() + value.value().len()) as u64;
        self.bytes += key.len();
        self.note(key);
        Ok(())
    }

    fn note(&mut self, key: &str) {
        if let Some(changes) = &mut self.changes {
            changes.note(key);
        }
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

/// The state that is staged beside the one that reads see.
impl<'t> StateWrite<'t> {
    /// What is staged.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn staging(&self) -> Result<Option<Staging>, StoreFault> {
        let Some(found) = self.meta.get(meta_key::STAGING).fault(self.file, "reading")? else { return Ok(None) };
        let staging = Staging::decode(found.value());
        staging.map(Some).ok_or_else(|| StoreFault::damaged(self.file, "its staged state makes no sense"))
    }

    /// Begins to stage a state at the entry `index`; one that was begun before is set aside.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin_staging(&mut self, index: u64, id: [u8; 16]) -> Result<(), StoreFault> {
        self.abandon_staging(index)?;
        self.note_staging(Staging { id, keys: 0 })?;
        self.staged().map(drop)
    }

    /// Sets a key in the staged state.
    ///
    /// # Errors
    /// The file cannot be written; nothing is staged.
    pub fn stage(&mut self, key: &str, revision: u64, value: &[u8]) -> Result<(), StoreFault> {
        let Some(staging) = self.staging()? else { return Err(self.nothing_staged()) };
        let file = self.file;
        let staged = self.staged()?;
        let is_new = staged.get(key).fault(file, "reading")?.is_none();
        insert(staged, file, key, revision, value)?;
        self.bytes += key.len() + value.len();
        if is_new { self.note_staging(Staging { keys: staging.keys + 1, ..staging }) } else { Ok(()) }
    }

    /// Forgets what is staged, if anything is.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn abandon_staging(&mut self, index: u64) -> Result<(), StoreFault> {
        self.staged = None;
        self.changes = self.changes.take().map(|_| Changes::All);
        staging::set_aside(self.writing, STAGED, index, self.file)?;
        self.meta.remove(meta_key::STAGING).fault(self.file, WRITING)?;
        Ok(())
    }

    /// Puts the staged state in the place of the present one, of which the keys below `kept` stay as they are.
    ///
    /// # Errors
    /// The file cannot be written; nothing is staged.
    pub fn exchange(&mut self, index: u64, kept: &str) -> Result<(), StoreFault> {
        let file = self.file;
        if self.staging()?.is_none() {
            return Err(self.nothing_staged());
        }
        self.staged()?;
        let (Some(kv), Some(mut staged)) = (self.kv.take(), self.staged.take()) else { return Err(lost(file)) };
        let end = end_of_folder(kept);
        staged.retain_in(kept..end.as_str(), |_, _| false).fault(file, WRITING)?;
        for entry in kv.range(kept..end.as_str()).fault(file, "reading")? {
            let (key, value) = entry.fault(file, "reading")?;
            staged.insert(key.value(), value.value()).fault(file, WRITING)?;
        }
        drop((kv, staged));
        self.changes = self.changes.take().map(|_| Changes::All);
        self.removed += EVERYTHING;
        self.meta.remove(meta_key::STAGING).fault(file, WRITING)?;
        staging::exchange(self.writing, index, file)?;
        self.kv = Some(self.writing.open_table(KV).fault(file, WRITING)?);
        Ok(())
    }

    fn staged(&mut self) -> Result<&mut Records<'t>, StoreFault> {
        match &mut self.staged {
            Some(staged) => Ok(staged),
            none => Ok(none.insert(self.writing.open_table(STAGED).fault(self.file, WRITING)?)),
        }
    }

    fn note_staging(&mut self, staging: Staging) -> Result<(), StoreFault> {
        self.changes = self.changes.take().map(|_| Changes::All);
        self.meta.insert(meta_key::STAGING, staging.encode().as_slice()).fault(self.file, WRITING)?;
        Ok(())
    }

    fn nothing_staged(&self) -> StoreFault {
        StoreFault::Misuse { file: self.file.to_owned(), what: "nothing is staged".to_owned() }
    }
}

fn insert(table: &mut Records<'_>, file: &str, key: &str, revision: u64, value: &[u8]) -> Result<(), StoreFault> {
    let mut place = table.insert_reserve(key, REVISION + value.len()).fault(file, WRITING)?;
    if let Some((head, body)) = place.as_mut().split_first_chunk_mut::<REVISION>() {
        *head = revision.to_be_bytes();
        body.copy_from_slice(value);
    }
    Ok(())
}

/// The first key behind all that begin with a folder's name, which ends in `/`.
fn end_of_folder(folder: &str) -> String {
    format!("{}0", folder.trim_end_matches('/'))
}

fn lost(file: &str) -> StoreFault {
    StoreFault::Misuse { file: file.to_owned(), what: "a transaction went on after it had failed".to_owned() }
}

/// Bytes removed where another state took the place of all: more than any has.
pub(super) const EVERYTHING: u64 = 1 << 50;

/// What a commit gives.
pub(super) struct Done<T> {
    pub(super) value: T,
    /// Written.
    pub(super) bytes: usize,
    /// Bytes of what was deleted.
    pub(super) removed: u64,
    /// Where they are wanted.
    pub(super) changes: Option<Changes>,
}

/// Commits without a sync. A panic over a damaged file becomes a fault: whoever waits for
/// the outcome must get one.
pub(super) fn commit<T>(
    named: &NamedDb,
    tells_changes: bool,
    change: impl FnOnce(&mut StateWrite<'_>) -> Result<T, StoreFault>,
) -> Result<Done<T>, StoreFault> {
    catch_unwind(AssertUnwindSafe(|| try_commit(named, tells_changes, change)))
        .unwrap_or_else(|_| Err(StoreFault::damaged(&named.file, "its structure makes no sense")))
}

fn try_commit<T>(
    named: &NamedDb,
    tells_changes: bool,
    change: impl FnOnce(&mut StateWrite<'_>) -> Result<T, StoreFault>,
) -> Result<Done<T>, StoreFault> {
    let file = named.file.as_str();
    let mut writing = named.db.begin_write().fault(file, WRITING)?;
    writing.set_durability(Durability::None).fault(file, WRITING)?;
    let outcome = {
        let kv = writing.open_table(KV).fault(file, WRITING)?;
        let meta = writing.open_table(META).fault(file, WRITING)?;
        let changes = tells_changes.then(Changes::default);
        let mut state =
            StateWrite { file, writing: &writing, kv: Some(kv), meta, staged: None, bytes: 0, removed: 0, changes };
        change(&mut state).map(|value| {
            let StateWrite { bytes, removed, changes, .. } = state;
            Done { value, bytes, removed, changes }
        })
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
