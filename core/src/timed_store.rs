//! The store with a clock beside it.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use coffer_model::{
    ApplyObserver, Command, CommitError, Exchange, FenceError, Frozen, Revision, Store, StoreError, Versioned,
};
use coffer_telemetry::Telemetry;

/// Of this many reads one is measured.
const SAMPLED: u8 = 16;

fn is_sampled() -> bool {
    thread_local!(static READS: Cell<u8> = const { Cell::new(0) });
    READS.with(|reads| {
        reads.set(reads.get().wrapping_add(1));
        reads.get().is_multiple_of(SAMPLED)
    })
}

/// Passes every call on and records how long it took.
pub(crate) struct TimedStore {
    inner: Arc<dyn Store>,
    telemetry: Arc<Telemetry>,
}

impl TimedStore {
    pub(crate) fn wrap(inner: Arc<dyn Store>, telemetry: Arc<Telemetry>) -> Arc<dyn Store> {
        Arc::new(Self { inner, telemetry })
    }
}

#[async_trait::async_trait]
impl Store for TimedStore {
    fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        // Several a request, and each shorter than looking at the clock is long.
        if !is_sampled() {
            return self.inner.get(key);
        }
        let begun = Instant::now();
        let found = self.inner.get(key);
        self.telemetry.storage_get.since(begun);
        found
    }

    fn list(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let begun = Instant::now();
        let found = self.inner.list(prefix, after, limit);
        self.telemetry.storage_list.since(begun);
        found
    }

    fn scan(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let begun = Instant::now();
        let found = self.inner.scan(prefix, after, limit);
        self.telemetry.storage_list.since(begun);
        found
    }

    async fn commit(&self, command: Command) -> Result<Revision, CommitError> {
        let begun = Instant::now();
        let committed = self.inner.commit(command).await;
        match &committed {
            Ok(_) => self.telemetry.commit.since(begun),
            Err(CommitError::Conflict { .. }) => self.telemetry.commit_conflict.one(),
            Err(_) => self.telemetry.commit_failure.one(),
        }
        committed
    }

    async fn exchange(&self, step: Exchange) -> Result<Revision, CommitError> {
        self.inner.exchange(step).await
    }

    fn is_staging(&self) -> bool {
        self.inner.is_staging()
    }

    async fn freeze(&self) -> Result<Arc<dyn Frozen>, StoreError> {
        self.inner.freeze().await
    }

    fn folder(&self) -> Option<PathBuf> {
        self.inner.folder()
    }

    async fn read_fence(&self) -> Result<(), FenceError> {
        let begun = Instant::now();
        let fenced = self.inner.read_fence().await;
        self.telemetry.read_fence.since(begun);
        fenced
    }

    fn observe(&self, observer: Arc<dyn ApplyObserver>) {
        self.inner.observe(observer);
    }

    fn max_entry_size(&self) -> usize {
        self.inner.max_entry_size()
    }
}
