//! What waits for the writer thread.

use std::collections::VecDeque;
use std::fmt;

use crate::{LogPosition, StoreFault};

use super::{Record, Vote};

/// Called once with the outcome, on the writer thread: must be quick.
pub type Done = Box<dyn FnOnce(Result<(), StoreFault>) + Send>;

pub(super) enum Op {
    Append { records: Vec<Record>, done: Done },
    Vote { vote: Vote, done: Done },
    TruncateFrom { index: u64, done: Done },
}

impl Op {
    fn bytes(&self) -> usize {
        match self {
            Self::Append { records, .. } => records.iter().map(Record::encoded_len).sum(),
            Self::Vote { .. } | Self::TruncateFrom { .. } => 0,
        }
    }

    pub(super) fn done(self, outcome: Result<(), StoreFault>) {
        match self {
            Self::Append { done, .. } | Self::Vote { done, .. } | Self::TruncateFrom { done, .. } => done(outcome),
        }
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append { records, .. } => f.debug_tuple("Append").field(records).finish(),
            Self::Vote { vote, .. } => f.debug_tuple("Vote").field(vote).finish(),
            Self::TruncateFrom { index, .. } => f.debug_tuple("TruncateFrom").field(index).finish(),
        }
    }
}

/// Operations that need a sync, in order, and notes that do not.
#[derive(Debug, Default)]
pub(super) struct Queue {
    ops: VecDeque<Op>,
    /// Number of operations that were ever queued.
    pushed: u64,
    pub(super) purge: Option<LogPosition>,
    pub(super) committed: Option<Option<LogPosition>>,
}

/// What one commit writes.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) ops: Vec<Op>,
    /// Sequence number of the last operation.
    pub(super) last_seq: u64,
    pub(super) purge: Option<LogPosition>,
    pub(super) committed: Option<Option<LogPosition>>,
}

/// A group takes no further operation once it holds this many bytes, so that none waits long for its neighbours.
const GROUP_BYTES: usize = 8 << 20;

impl Queue {
    /// The number that the next pushed operation will have.
    pub(super) fn next_seq(&self) -> u64 {
        self.pushed + 1
    }

    pub(super) fn push(&mut self, op: Op) {
        self.pushed += 1;
        self.ops.push_back(op);
    }

    pub(super) fn has_ops(&self) -> bool {
        !self.ops.is_empty()
    }

    pub(super) fn has_notes(&self) -> bool {
        self.purge.is_some() || self.committed.is_some()
    }

    pub(super) fn take_group(&mut self) -> Group {
        let mut bytes = 0;
        let fitting = self.ops.iter().take_while(|op| {
            let fits = bytes < GROUP_BYTES;
            bytes += op.bytes();
            fits
        });
        let count = fitting.count();
        let ops: Vec<Op> = self.ops.drain(..count).collect();
        let last_seq = self.pushed - self.ops.len() as u64;
        Group { ops, last_seq, purge: self.purge.take(), committed: self.committed.take() }
    }
}
