//! The storage of one request: reads through the barrier, writes held back until the one commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use coffer_model::{Command, Precondition, Put, Revision, Store};
use coffer_seal::Barrier;
use coffer_telemetry::Telemetry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::snapshot::StateMark;
use crate::{Failure, interchange};

/// Everything a request reads and writes. All keys it read must be unchanged when it is committed, or the request
/// is run again: what it decided rests on them.
pub struct Transaction {
    store: Arc<dyn Store>,
    barrier: Barrier,
    telemetry: Arc<Telemetry>,
    reads: Vec<(String, Option<Revision>)>,
    writes: BTreeMap<String, Write>,
    /// What is written must not get into another state.
    state: Option<StateMark>,
    /// Bytes that reads and writes will take in the entry, about.
    weight: usize,
}

/// Part of `max_entry_size` that work done in steps fills: what one more item adds must still fit.
const FILLED: usize = 4;

enum Write {
    Put(Zeroizing<Vec<u8>>),
    /// Stored as it is: one of the few records below the barrier.
    PutClear(Vec<u8>),
    Delete,
}

/// A state of the writes to go back to.
pub struct Savepoint(BTreeMap<String, Write>);

impl Transaction {
    /// Begins on the state applied here; the caller has passed the read fence.
    pub fn new(store: Arc<dyn Store>, barrier: Barrier, telemetry: Arc<Telemetry>) -> Self {
        Self { store, barrier, telemetry, reads: Vec::new(), writes: BTreeMap::new(), state: None, weight: 0 }
    }

    /// To be committed to this state alone.
    #[must_use]
    pub(crate) fn on(mut self, state: StateMark) -> Self {
        self.state = Some(state);
        self
    }

    /// The keys, for what is sealed without being stored.
    pub(crate) fn barrier(&self) -> &Barrier {
        &self.barrier
    }

    /// Counts and times.
    pub(crate) fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// The commit fails if this key is not as it was when something was decided by it earlier.
    pub(crate) fn rest_on(&mut self, path: &str, revision: Option<Revision>) {
        self.weight += path.len();
        self.reads.push((path.to_owned(), revision));
    }

    /// When what this transaction has read at a path was written.
    pub(crate) fn revision_read(&self, path: &str) -> Option<Revision> {
        self.reads.iter().find(|(read, _)| read == path).and_then(|(_, revision)| *revision)
    }

    /// The plaintext at a full storage path; sees this transaction's own writes. The commit fails if it changes
    /// meanwhile.
    pub fn get(&mut self, path: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        self.read(path, true)
    }

    /// Like [`Transaction::get`], for what the request's decision does not rest on (a configuration that may as well
    /// be the older one).
    pub fn peek(&mut self, path: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        self.read(path, false)
    }

    fn read(&mut self, path: &str, guard: bool) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        match self.writes.get(path) {
            Some(Write::Put(value)) => return Ok(Some(value.clone())),
            Some(Write::PutClear(value)) => return Ok(Some(Zeroizing::new(value.clone()))),
            Some(Write::Delete) => return Ok(None),
            None => {}
        }
        let begun = Instant::now();
        let found = self.store.get(path)?;
        if guard {
            self.weight += path.len();
            self.reads.push((path.to_owned(), found.as_ref().map(|found| found.revision)));
        }
        let Some(found) = found else { return Ok(None) };
        let plain = self.barrier.decrypt(path, &found.value);
        self.telemetry.barrier_get.since(begun);
        match plain {
            Ok(plain) => Ok(Some(plain)),
            Err(error) => Err(Failure::Internal(format!("storage entry {path:?}: {error}"))),
        }
    }

    /// [`Transaction::get`] of a JSON record.
    pub fn get_json<T: DeserializeOwned>(&mut self, path: &str) -> Result<Option<T>, Failure> {
        let Some(bytes) = self.get(path)? else { return Ok(None) };
        decode(path, bytes).map(Some)
    }

    /// [`Transaction::peek`] of a JSON record.
    pub fn peek_json<T: DeserializeOwned>(&mut self, path: &str) -> Result<Option<T>, Failure> {
        let Some(bytes) = self.peek(path)? else { return Ok(None) };
        decode(path, bytes).map(Some)
    }

    /// Sets a full storage path at commit.
    pub fn put(&mut self, path: impl Into<String>, plaintext: impl Into<Zeroizing<Vec<u8>>>) {
        self.write(path.into(), Write::Put(plaintext.into()));
    }

    /// [`Transaction::put`] of a JSON record.
    pub fn put_json(&mut self, path: impl Into<String>, record: &impl Serialize) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(record).map_err(Failure::internal)?;
        self.put(path, bytes);
        Ok(())
    }

    /// Sets a record that lies below the barrier (`core/keyring`, `core/seal-config`): already ciphertext, or public.
    pub fn put_clear(&mut self, path: impl Into<String>, bytes: Vec<u8>) {
        self.write(path.into(), Write::PutClear(bytes));
    }

    /// Applies what the seal wants stored.
    pub fn put_records(&mut self, changes: &coffer_seal::RecordChanges) {
        for record in &changes.puts {
            self.put_clear(record.path.clone(), record.value.clone());
        }
        for path in &changes.deletes {
            self.delete(path.clone());
        }
    }

    /// A record that lies below the barrier, as it is stored. The commit fails if it changes meanwhile.
    pub fn get_clear(&mut self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        match self.writes.get(path) {
            Some(Write::PutClear(value)) => return Ok(Some(value.clone())),
            Some(Write::Put(_) | Write::Delete) => return Ok(None),
            None => {}
        }
        let found = self.store.get(path)?;
        self.reads.push((path.to_owned(), found.as_ref().map(|found| found.revision)));
        Ok(found.map(|found| found.value))
    }

    /// Removes a full storage path at commit.
    pub fn delete(&mut self, path: impl Into<String>) {
        self.write(path.into(), Write::Delete);
    }

    fn write(&mut self, path: String, write: Write) {
        self.weight += path.len() + write.len();
        self.writes.insert(path, write);
    }

    /// True when work that can be done in steps has to go on in another entry.
    pub(crate) fn is_full(&self) -> bool {
        self.weight > self.store.max_entry_size() / FILLED
    }

    /// Immediate children of `prefix` (empty, or ending in `/`) after `after`, at most `limit`, with this
    /// transaction's writes; folders end in `/`.
    pub fn list(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, Failure> {
        let begun = Instant::now();
        if self.touched(prefix).next().is_none() {
            let names = self.store.list(prefix, after, limit)?;
            self.telemetry.barrier_list.since(begun);
            return Ok(names);
        }
        // Rare: a list after a write of the same request. Deletions may empty a folder, so it is taken from whole keys.
        let mut names = std::collections::BTreeSet::new();
        for key in self.scan(prefix, "", usize::MAX)? {
            let rest = &key[prefix.len()..];
            names.insert(rest.find('/').map_or(rest, |slash| &rest[..=slash]).to_owned());
        }
        Ok(names.into_iter().filter(|name| name.as_str() > after).take(limit).collect())
    }

    /// Whole paths that begin with `prefix`, after `after`, at most `limit`, with this transaction's writes.
    pub fn scan(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, Failure> {
        let hidden = self.touched(prefix).count();
        let mut keys = self.store.scan(prefix, after, limit.saturating_add(hidden))?;
        if hidden > 0 {
            keys.retain(|key| !self.writes.contains_key(key));
            keys.extend(
                self.touched(prefix)
                    .filter(|(key, write)| key.as_str() > after && !matches!(write, Write::Delete))
                    .map(|(key, _)| key.clone()),
            );
            keys.sort_unstable();
            keys.truncate(limit);
        }
        Ok(keys)
    }

    fn touched<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a Write)> {
        self.writes.range(prefix.to_owned()..).take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// Takes the writes so far as they are, so that a failure later can be answered with them alone.
    pub fn savepoint(&mut self) -> Savepoint {
        Savepoint(self.writes.iter().map(|(key, write)| (key.clone(), write.duplicate())).collect())
    }

    /// Drops every write made since the savepoint.
    pub fn rollback(&mut self, savepoint: Savepoint) {
        self.writes = savepoint.0;
    }

    /// True when there is something to commit.
    pub fn has_writes(&self) -> bool {
        !self.writes.is_empty()
    }

    /// The one command of this request, encrypted, with a precondition for every key it read. Nonces are made here,
    /// before anything is proposed.
    pub fn into_command(self) -> Result<Command, Failure> {
        let mut command = Command::default();
        if self.writes.is_empty() {
            return Ok(command);
        }
        command.preconditions.extend(self.state.map(StateMark::precondition));
        for (key, revision) in self.reads {
            // Several reads of one key: the first decided, and all must agree.
            command.preconditions.push(Precondition { key, revision });
        }
        for (key, write) in self.writes {
            match write {
                Write::Put(plain) => {
                    let begun = Instant::now();
                    let value = self.barrier.encrypt(&key, &plain).map_err(Failure::internal)?;
                    self.telemetry.barrier_put.since(begun);
                    command.puts.push(Put { key, value });
                }
                Write::PutClear(value) => command.puts.push(Put { key, value }),
                Write::Delete => command.deletes.push(key),
            }
        }
        Ok(command)
    }
}

impl Write {
    fn len(&self) -> usize {
        match self {
            Self::Put(plain) => plain.len(),
            Self::PutClear(bytes) => bytes.len(),
            Self::Delete => 0,
        }
    }

    fn duplicate(&self) -> Self {
        match self {
            Self::Put(plain) => Self::Put(plain.clone()),
            Self::PutClear(bytes) => Self::PutClear(bytes.clone()),
            Self::Delete => Self::Delete,
        }
    }
}

fn decode<T: DeserializeOwned>(path: &str, bytes: Zeroizing<Vec<u8>>) -> Result<T, Failure> {
    // As OpenBao and Vault write their tables.
    let bytes = interchange::plain(bytes)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        // The line and column alone: serde's own text may quote the value.
        let (line, column) = (error.line(), error.column());
        Failure::Internal(format!(
            "storage entry {path:?} is not the record it should be (line {line}, column {column})"
        ))
    })
}
