//! The log as openraft wants it.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use coffer_storage::{Done, LogStore, Record, RecordKind, StoreFault, Stores};
use futures_util::{Stream, TryStreamExt, stream};
use openraft::OptionalSend;
use openraft::storage::{IOFlushed, LogState, RaftLogReader, RaftLogStorage};
use tokio::sync::oneshot;

use crate::epoch::Epoch;
use crate::raft_types::{
    Entry, RaftLogId, RaftVote, Types, entry, io_error, log_id, position, raft_vote, record, stored_vote,
};
use crate::sole_voter::SoleVoter;

/// Bytes read at a time for followers and for the state machine; one entry at least.
const READ_BYTES: usize = 1 << 20;

/// Log and vote.
#[derive(Clone, Debug)]
pub(crate) struct RaftLog {
    stores: Arc<Stores>,
    sole: Arc<SoleVoter>,
    epoch: Epoch,
}

impl RaftLog {
    pub(crate) fn new(stores: Arc<Stores>, sole: Arc<SoleVoter>, epoch: Epoch) -> Self {
        Self { stores, sole, epoch }
    }

    fn log(&self) -> &LogStore {
        &self.stores.log
    }
}

impl RaftLogReader<Types> for RaftLog {
    async fn try_get_log_entries<R>(&mut self, range: R) -> io::Result<Vec<Entry>>
    where
        R: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (first, end) = bounds(&range);
        entries(self.log().read(first, end, usize::MAX).map_err(io_error)?)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        entries(self.log().read(start, end, READ_BYTES).map_err(io_error)?)
    }

    async fn entries_stream<R>(&mut self, range: R) -> impl Stream<Item = io::Result<Entry>> + OptionalSend
    where
        R: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (first, end) = bounds(&range);
        let chunks = stream::try_unfold(first, {
            let log = self.clone();
            move |next| {
                let read = log.log().read(next, end, READ_BYTES).map_err(io_error);
                std::future::ready(read.map(|records| {
                    let last = records.last()?.at.index;
                    Some((stream::iter(records.into_iter().map(entry)), last + 1))
                }))
            }
        });
        Box::pin(chunks.try_flatten())
    }

    async fn read_vote(&mut self) -> io::Result<Option<RaftVote>> {
        Ok(self.log().vote().map(raft_vote))
    }
}

impl RaftLogStorage<Types> for RaftLog {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
        let bounds = self.log().bounds();
        Ok(LogState { last_purged_log_id: bounds.purged.map(log_id), last_log_id: bounds.last.map(log_id) })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &RaftVote) -> io::Result<()> {
        self.epoch.check()?;
        let (done, written) = written();
        self.log().save_vote(stored_vote(vote), done).map_err(io_error)?;
        written.outcome().await
    }

    async fn save_committed(&mut self, committed: Option<RaftLogId>) -> io::Result<()> {
        self.epoch.check()?;
        self.log().save_committed(committed.as_ref().map(position));
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<RaftLogId>> {
        Ok(self.log().committed().map(log_id))
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        self.epoch.check()?;
        let records: Vec<Record> = entries.into_iter().map(record).collect();
        for list in records.iter().filter(|record| record.kind == RecordKind::Membership) {
            self.sole.list_appended(list.at.index);
        }
        let done: Done = Box::new(|outcome| callback.io_completed(outcome.map_err(io_error)));
        self.log().append(records, done).map_err(io_error)
    }

    async fn truncate_after(&mut self, last: Option<RaftLogId>) -> io::Result<()> {
        self.epoch.check()?;
        let (done, written) = written();
        self.log().truncate_after(last.as_ref().map(position), done).map_err(io_error)?;
        written.outcome().await
    }

    async fn purge(&mut self, upto: RaftLogId) -> io::Result<()> {
        self.epoch.check()?;
        self.log().purge(position(&upto));
        Ok(())
    }
}

/// The way back from the writer thread.
struct Written(oneshot::Receiver<Result<(), StoreFault>>);

impl Written {
    async fn outcome(self) -> io::Result<()> {
        let outcome = self.0.await.map_err(|_| io::Error::other("the log's writer is gone"))?;
        outcome.map_err(io_error)
    }
}

fn written() -> (Done, Written) {
    let (sender, receiver) = oneshot::channel();
    // Nobody waits any more where the core was shut down.
    let done: Done = Box::new(|outcome| drop(sender.send(outcome)));
    (done, Written(receiver))
}

fn entries(records: Vec<Record>) -> io::Result<Vec<Entry>> {
    records.into_iter().map(entry).collect()
}

/// First index and the one behind the last.
fn bounds(range: &impl RangeBounds<u64>) -> (u64, u64) {
    let first = match range.start_bound() {
        Bound::Included(first) => *first,
        Bound::Excluded(before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => last.saturating_add(1),
        Bound::Excluded(end) => *end,
        Bound::Unbounded => u64::MAX,
    };
    (first, end)
}
