//! Bringing a state into the replicated store, beside the present one, in bounded log entries.

use std::io::Read;
use std::sync::Arc;

use coffer_model::{CommitError, Exchange, ExchangeId, Put, Store};
use coffer_snapshot::ReadError;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use super::{CLUSTER_FOLDER, RESTORED_PATH, is_of_the_state};
use crate::Failure;

/// Bytes of a log entry, where `max_entry_size` allows them.
const ENTRY: usize = 256 << 10;
/// Entries under way at once.
const UNDER_WAY: usize = 4;

/// A state that is being staged.
pub(super) struct Stage {
    store: Arc<dyn Store>,
    id: ExchangeId,
}

/// How an exchange failed that was tried.
pub(super) enum ExchangeError {
    /// The present state stays.
    Nothing(Failure),
    /// It is not known which state there is.
    Unknown(Failure),
}

impl Stage {
    pub(super) async fn begin(store: Arc<dyn Store>) -> Result<Self, Failure> {
        let id = ExchangeId(*uuid::Uuid::new_v4().as_bytes());
        store.exchange(Exchange::Begin { id }).await.map_err(not_changed)?;
        Ok(Self { store, id })
    }

    /// Stages all records of an archive that was checked; gives their number.
    pub(super) async fn fill(&self, archive: impl Read + Send + 'static) -> Result<u64, Failure> {
        let (sender, mut batches) = mpsc::channel(2);
        let limit = ENTRY.min(self.store.max_entry_size()) - Exchange::OVERHEAD;
        let reading = tokio::task::spawn_blocking(move || read_batches(archive, limit, &sender));
        let mut under_way = FuturesUnordered::new();
        let mut count = 0;
        while let Some(puts) = batches.recv().await {
            count += puts.len() as u64;
            let step = Exchange::Put { id: self.id, puts };
            let store = Arc::clone(&self.store);
            under_way.push(async move { store.exchange(step).await });
            if under_way.len() >= UNDER_WAY {
                under_way.next().await.transpose().map_err(not_changed)?;
            }
            while let Some(Some(done)) = under_way.next().now_or_never() {
                done.map_err(not_changed)?;
            }
        }
        while let Some(done) = under_way.next().await {
            done.map_err(not_changed)?;
        }
        reading.await.map_err(Failure::internal)??;
        Ok(count)
    }

    /// Shows what is staged.
    pub(super) async fn show(self, keys: u64, mark: Vec<u8>) -> Result<(), ExchangeError> {
        let mark = Put { key: RESTORED_PATH.to_owned(), value: mark };
        let step = Exchange::Commit { id: self.id, keys, kept: CLUSTER_FOLDER.to_owned(), mark };
        match self.store.exchange(step).await {
            Ok(_) => Ok(()),
            Err(error @ CommitError::Unknown) => Err(ExchangeError::Unknown(error.into())),
            Err(error) => Err(ExchangeError::Nothing(not_changed(error))),
        }
    }

    /// Drops what is staged; where that fails, the next leader does it.
    pub(super) async fn abandon(store: &Arc<dyn Store>) {
        if let Err(error) = store.exchange(Exchange::Abandon).await {
            tracing::warn!("what a restore had staged is not dropped yet: {error}");
        }
    }
}

fn not_changed(error: CommitError) -> Failure {
    Failure::Unavailable(match error {
        CommitError::NotLeader | CommitError::Unknown => {
            "leadership changed during the restore; nothing was changed: send the snapshot again".to_owned()
        }
        CommitError::Conflict { .. } => {
            "the restore was given up, since another was begun or the snapshot holds a key twice; nothing was changed"
                .to_owned()
        }
        other => format!("the snapshot cannot be staged: {other}; nothing was changed"),
    })
}

fn read_batches(archive: impl Read, limit: usize, sender: &mpsc::Sender<Vec<Put>>) -> Result<(), Failure> {
    let (mut batch, mut size) = (Vec::new(), 0);
    let gone = || Failure::internal("staging ended");
    let read = coffer_snapshot::read(archive, |key, value| {
        if !is_of_the_state(key) {
            return Ok(());
        }
        let put = Put { key: key.to_owned(), value: value.to_vec() };
        let len = Exchange::put_len(&put);
        if size + len > limit && !batch.is_empty() {
            size = 0;
            sender.blocking_send(std::mem::take(&mut batch)).map_err(|_| gone())?;
        }
        size += len;
        batch.push(put);
        Ok(())
    });
    read.map_err(|error| match error {
        ReadError::Taker(failure) => failure,
        error => Failure::internal(format!("the snapshot changed while it was staged: {error}")),
    })?;
    if !batch.is_empty() {
        sender.blocking_send(batch).map_err(|_| gone())?;
    }
    Ok(())
}
