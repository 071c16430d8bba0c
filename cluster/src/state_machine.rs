//! The state as openraft wants it: entries in, answers out, snapshots.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use coffer_model::{ApplyObserver, ChangeRef, ExchangeRef};
use coffer_storage::{Committed, SnapshotFile, StateSnapshot, StoreFault, Stores};
use futures_util::{FutureExt, Stream, StreamExt};
use openraft::OptionalSend;
use openraft::entry::EntryPayload;
use openraft::storage::{ApplyResponder, EntryResponder, RaftSnapshotBuilder, RaftStateMachine, Snapshot};

use crate::apply::apply_all;
use crate::epoch::Epoch;
use crate::fate::Applied;
use crate::member;
use crate::raft_types::{
    Entry, Membership, Outcome, Proposal, RaftLogId, SnapshotMeta, StoredMembership, Types, io_error, log_id, position,
};
use crate::sole_voter::SoleVoter;

/// Entries in one transaction.
const BATCH_ENTRIES: usize = 512;
/// Proposed bytes in one transaction.
const BATCH_BYTES: usize = 1 << 20;

/// Who is told of applied changes.
pub(crate) type ObserverSlot = ArcSwapOption<Arc<dyn ApplyObserver>>;

/// A whole state on its way.
#[derive(Debug)]
pub(crate) enum SnapshotData {
    /// Of this node: frozen, and streamed only if somebody needs it.
    Frozen(StateSnapshot),
    /// Received from the leader.
    Received(SnapshotFile),
}

pub(crate) type RaftSnapshot = openraft::alias::SnapshotOf<Types, SnapshotData>;

/// Applies entries; all parts are shared handles.
#[derive(Clone)]
pub(crate) struct StateMachine {
    pub(crate) stores: Arc<Stores>,
    pub(crate) sole: Arc<SoleVoter>,
    pub(crate) observer: Arc<ObserverSlot>,
    pub(crate) applied: Arc<Applied>,
    pub(crate) epoch: Epoch,
}

impl RaftStateMachine<Types> for StateMachine {
    type SnapshotData = SnapshotData;
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> io::Result<(Option<RaftLogId>, StoredMembership)> {
        let committed = self.stores.state.committed();
        Ok((committed.applied.map(log_id), membership(&committed)?))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin + OptionalSend,
    {
        while let Some(batch) = Batch::collect(&mut entries).await? {
            self.apply_batch(batch).await?;
        }
        Ok(())
    }

    async fn try_create_snapshot_builder(&mut self, _: bool) -> Option<Self> {
        Some(self.clone())
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, data: SnapshotData) -> io::Result<()> {
        self.epoch.check()?;
        let meta = coffer_storage::SnapshotMeta {
            cluster: self.stores.cluster_id(),
            applied: meta.last_log_id.as_ref().map(position),
            membership: meta.last_membership.log_id().as_ref().map(|at| {
                let list = member::encode(meta.last_membership.membership());
                (position(at), Bytes::from(list))
            }),
            staging: match &data {
                SnapshotData::Frozen(frozen) => frozen.committed().staging,
                SnapshotData::Received(file) => file.meta().staging,
            },
        };
        self.sole.reset();
        let stores = Arc::clone(&self.stores);
        blocking(move || install(&stores, &meta, &data)).await?;
        if let Some(observer) = self.observer.load().as_deref() {
            observer.replaced();
        }
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<RaftSnapshot>> {
        if self.stores.state.committed().applied.is_none() {
            return Ok(None);
        }
        freeze(&self.stores).await.map(Some)
    }
}

impl RaftSnapshotBuilder<Types> for StateMachine {
    type SnapshotData = SnapshotData;

    /// Makes the state durable and freezes it: all the log up to it may then go. Nothing is copied.
    async fn build_snapshot(&mut self) -> io::Result<RaftSnapshot> {
        freeze(&self.stores).await
    }
}

impl StateMachine {
    /// Commits the batch, tells the observer, answers the proposers; in this order.
    async fn apply_batch(&self, batch: Batch) -> io::Result<()> {
        self.epoch.check()?;
        let Batch { entries, responders } = batch;
        let entries = Arc::new(entries);
        let state = &self.stores.state;
        let written = if self.stores.may_wait_for_room() {
            None
        } else {
            state.try_write(|state_write| apply_all(state_write, state.file(), &entries)).ok()
        };
        let outcomes = match written {
            Some(outcomes) => outcomes.map_err(io_error)?,
            None => {
                // The disk is full or a sync is under way, and waiting for that would hold up the runtime.
                let (stores, entries) = (Arc::clone(&self.stores), Arc::clone(&entries));
                blocking(move || stores.state.write(|write| apply_all(write, stores.state.file(), &entries))).await?
            }
        };
        if let Some(observer) = self.observer.load().as_deref() {
            notify(observer.as_ref(), &entries, &outcomes);
        }
        note_applied(&self.applied, &entries, &outcomes);
        for (responder, outcome) in responders.into_iter().zip(outcomes) {
            if let Some(responder) = responder {
                responder.send(outcome);
            }
        }
        Ok(())
    }
}

/// Entries that go into one transaction, and who waits for them.
#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    responders: Vec<Option<ApplyResponder<Types>>>,
}

impl Batch {
    /// Waits for one entry, takes what else is there, up to the bounds.
    async fn collect<S>(entries: &mut S) -> io::Result<Option<Self>>
    where
        S: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin,
    {
        let mut batch = Self::default();
        let mut bytes = 0;
        let mut next = entries.next().await;
        while let Some(item) = next {
            let (entry, responder) = item?;
            if let EntryPayload::Normal(Proposal(body, _)) = &entry.payload {
                bytes += body.len();
            }
            batch.entries.push(entry);
            batch.responders.push(responder);
            if batch.entries.len() >= BATCH_ENTRIES || bytes >= BATCH_BYTES {
                break;
            }
            next = entries.next().now_or_never().flatten();
        }
        Ok((!batch.entries.is_empty()).then_some(batch))
    }
}

fn note_applied(applied: &Applied, entries: &[Entry], outcomes: &[Outcome]) {
    let Some(last) = entries.last() else { return };
    let conflicts = entries.iter().zip(outcomes).filter_map(|(entry, outcome)| match outcome {
        Outcome::Conflict(key) => Some((entry.log_id.index, key.as_str())),
        Outcome::Written => None,
    });
    applied.reached(position(&last.log_id), conflicts);
}

fn notify(observer: &dyn ApplyObserver, entries: &[Entry], outcomes: &[Outcome]) {
    for (entry, outcome) in entries.iter().zip(outcomes) {
        if let (EntryPayload::Normal(Proposal(bytes, _)), Outcome::Written) = (&entry.payload, outcome)
            && let Ok(change) = ChangeRef::decode(bytes)
        {
            match change {
                ChangeRef::Command(command) => observer.applied(&mut command.changed_keys()),
                ChangeRef::Exchange(ExchangeRef::Commit { .. }) => observer.replaced(),
                ChangeRef::Exchange(_) => {}
            }
        }
    }
}

async fn freeze(stores: &Arc<Stores>) -> io::Result<RaftSnapshot> {
    let stores = Arc::clone(stores);
    let frozen = blocking(move || stores.state.snapshot()).await?;
    let committed = frozen.committed();
    let meta = SnapshotMeta { last_log_id: committed.applied.map(log_id), last_membership: membership(committed)? };
    Ok(Snapshot { meta, snapshot: SnapshotData::Frozen(frozen) })
}

fn install(stores: &Stores, meta: &coffer_storage::SnapshotMeta, data: &SnapshotData) -> Result<(), StoreFault> {
    match data {
        SnapshotData::Frozen(frozen) => stores.state.replace(meta, |put| frozen.for_each(put)),
        SnapshotData::Received(file) => {
            if file.meta().cluster.is_some() && meta.cluster.is_some() && file.meta().cluster != meta.cluster {
                let what = "it was taken in another cluster".to_owned();
                return Err(StoreFault::Misuse { file: file.path().display().to_string(), what });
            }
            stores.state.replace(meta, |put| file.for_each(put))
        }
    }
}

fn membership(committed: &Committed) -> io::Result<StoredMembership> {
    match &committed.membership {
        Some((at, list)) => {
            let list: Membership = member::decode(list).map_err(io::Error::other)?;
            Ok(StoredMembership::new(Some(log_id(*at)), list))
        }
        None => Ok(StoredMembership::default()),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, StoreFault> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?.map_err(io_error)
}
