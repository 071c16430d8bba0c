//! A store in memory and a mount that does as it is told, for the tests of tokens, leases and wrapping.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use coffer_model::{
    ApplyObserver, Command, CommitError, Exchange, FenceError, Frozen, Revision, Store, StoreError, Versioned,
};
use coffer_seal::{Barrier, SealConfig};
use parking_lot::Mutex;

use super::{Leases, MountAccess, NextWork};
use crate::active::LeaseLimits;
use crate::token::{NewToken, TokenEntry, Tokens};
use crate::wrapping::Wrapping;
use crate::{Failure, Grant, Payload, Timestamp, Transaction};

/// A node's services without the node.
pub(crate) struct Bench {
    pub(crate) tokens: Tokens,
    pub(crate) leases: Leases,
    pub(crate) wrapping: Wrapping,
    pub(crate) mounts: FakeMounts,
    store: Arc<MemoryStore>,
    barrier: Barrier,
    pub(crate) now: Timestamp,
}

/// All paths are one engine's, which can be told to fail.
#[derive(Default)]
pub(crate) struct FakeMounts {
    pub(crate) fails: AtomicBool,
    pub(crate) revoked: AtomicUsize,
}

pub(crate) const CUBBYHOLES: &str = "logical/cubbyhole-uuid/";

impl MountAccess for FakeMounts {
    fn limits(&self, _path: &str) -> LeaseLimits {
        LeaseLimits { default: Duration::from_secs(3600), max: Duration::from_secs(36_000) }
    }

    fn cubbyholes(&self) -> Option<(String, String)> {
        Some((CUBBYHOLES.to_owned(), "cubbyhole-uuid".to_owned()))
    }

    fn renew_login(&self, _: &mut Transaction, _: &str, grant: Grant, _: Timestamp) -> Result<Grant, Failure> {
        Ok(grant)
    }

    fn renew_secret(&self, _: &mut Transaction, _: &str, _: &Payload, _: Timestamp) -> Result<Duration, Failure> {
        Ok(Duration::from_secs(3600))
    }

    fn revoke_secret(&self, tx: &mut Transaction, _: &str, _: &Payload, _: Timestamp) -> Result<(), Failure> {
        if self.fails.load(Ordering::SeqCst) {
            tx.put("logical/engine/half-done", Vec::new());
            return Err(Failure::fault("the database is away"));
        }
        self.revoked.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_entries_of(1 << 20)
    }

    /// With a `max_entry_size`, in bytes.
    pub(crate) fn with_entries_of(max_entry: usize) -> Self {
        let config = SealConfig::new(1, 1).unwrap();
        let made = coffer_seal::initialize(config, Timestamp::now().into()).unwrap();
        let bench = Self {
            tokens: Tokens::default(),
            leases: Leases::default(),
            wrapping: Wrapping,
            mounts: FakeMounts::default(),
            store: Arc::new(MemoryStore { state: Mutex::default(), max_entry }),
            barrier: made.barrier,
            now: Timestamp::from_unix(1_800_000_000).unwrap(),
        };
        bench.run(|tx| crate::token::Salt::of(tx).map(drop));
        bench
    }

    pub(crate) fn begin(&self) -> Transaction {
        Transaction::new(Arc::clone(&self.store) as _, self.barrier.clone(), Arc::default())
    }

    /// Commits, and tells the caches what was changed, as the observer of a node does.
    pub(crate) fn commit(&self, tx: Transaction) -> Result<(), CommitError> {
        let command = tx.into_command().unwrap();
        let size = command.encoded_len();
        assert!(size <= self.store.max_entry, "an entry of {size} bytes");
        let keys: Vec<_> = command.puts.iter().map(|put| &put.key).chain(&command.deletes).cloned().collect();
        self.store.apply(command)?;
        for key in keys {
            self.tokens.changed(&key);
            self.leases.changed(&key);
        }
        Ok(())
    }

    /// A request: runs and commits.
    pub(crate) fn run<T>(&self, work: impl FnOnce(&mut Transaction) -> Result<T, Failure>) -> T {
        let mut tx = self.begin();
        let done = work(&mut tx).unwrap();
        self.commit(tx).unwrap();
        done
    }

    pub(crate) fn token(&self, parent: Option<&TokenEntry>) -> TokenEntry {
        self.token_with(NewToken { parent: parent.map(|parent| parent.id.clone()), ..plain() })
    }

    pub(crate) fn token_with(&self, new: NewToken) -> TokenEntry {
        self.run(|tx| self.tokens.create(tx, new, self.now)).entry
    }

    pub(crate) fn is_live(&self, entry: &TokenEntry) -> bool {
        self.tokens.authenticate(&mut self.begin(), entry.id.expose(), None, self.now).is_ok()
    }

    /// Lets the worker do all that is due, `limit` leases at a time; gives what it waits for then.
    pub(crate) fn work(&self, limit: usize) -> NextWork {
        for _ in 0..100_000 {
            let mut tx = self.begin();
            let next = self.leases.work(&mut tx, &self.mounts, self.now, limit).unwrap();
            let idle = !tx.has_writes();
            self.commit(tx).unwrap();
            match next {
                NextWork::Now => {}
                NextWork::At(at) if at <= self.now => assert!(!idle, "the worker turns on the spot"),
                next => return next,
            }
        }
        panic!("the worker does not come to an end");
    }

    /// Keys of tokens, leases and cubbyholes, without the salt.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let ours =
            ["sys/token/id/", "sys/token/accessor/", "sys/token/parent/", "sys/expire/", "core/coffer/", CUBBYHOLES];
        ours.iter().flat_map(|prefix| self.store.scan(prefix, "", usize::MAX).unwrap()).collect()
    }
}

/// A service token of an hour.
pub(crate) fn plain() -> NewToken {
    NewToken {
        policies: vec!["default".to_owned()],
        path: "auth/token/create".to_owned(),
        ttl: Duration::from_secs(3600),
        renewable: true,
        ..NewToken::default()
    }
}

struct MemoryStore {
    state: Mutex<State>,
    max_entry: usize,
}

#[derive(Default)]
struct State {
    index: u64,
    entries: BTreeMap<String, Versioned>,
}

impl MemoryStore {
    fn apply(&self, command: Command) -> Result<(), CommitError> {
        let mut state = self.state.lock();
        for precondition in command.preconditions {
            if state.entries.get(&precondition.key).map(|entry| entry.revision) != precondition.revision {
                return Err(CommitError::Conflict { key: precondition.key });
            }
        }
        state.index += 1;
        let revision = Revision::new(state.index).unwrap();
        for put in command.puts {
            state.entries.insert(put.key, Versioned { value: put.value, revision });
        }
        for key in command.deletes {
            state.entries.remove(&key);
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Store for MemoryStore {
    fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        Ok(self.state.lock().entries.get(key).cloned())
    }

    fn list(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> = Vec::new();
        for key in self.scan(prefix, "", usize::MAX)? {
            let rest = &key[prefix.len()..];
            let name = rest.find('/').map_or(rest, |slash| &rest[..=slash]);
            if names.last().is_none_or(|last| last != name) {
                names.push(name.to_owned());
            }
        }
        Ok(names.into_iter().filter(|name| name.as_str() > after).take(limit).collect())
    }

    fn scan(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let state = self.state.lock();
        let from = state.entries.range(prefix.to_owned()..).map(|(key, _)| key);
        let below = from.take_while(|key| key.starts_with(prefix)).filter(|key| key.as_str() > after);
        Ok(below.take(limit).cloned().collect())
    }

    async fn commit(&self, command: Command) -> Result<Revision, CommitError> {
        self.apply(command)?;
        Revision::new(self.state.lock().index).ok_or(CommitError::Unknown)
    }

    async fn exchange(&self, _: Exchange) -> Result<Revision, CommitError> {
        Err(CommitError::Unavailable("not built".to_owned()))
    }

    fn is_staging(&self) -> bool {
        false
    }

    async fn freeze(&self) -> Result<Arc<dyn Frozen>, StoreError> {
        Err(StoreError("not built".to_owned()))
    }

    fn folder(&self) -> Option<std::path::PathBuf> {
        None
    }

    async fn read_fence(&self) -> Result<(), FenceError> {
        Ok(())
    }

    fn observe(&self, _observer: Arc<dyn ApplyObserver>) {}

    fn max_entry_size(&self) -> usize {
        self.max_entry
    }
}
