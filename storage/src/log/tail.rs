//! The newest records, in memory: all that are not on disk yet, and some that are.

use std::collections::VecDeque;

use super::Record;

/// Written records are kept up to this many bytes: they are about to be applied and sent to followers.
const KEPT_BYTES: usize = 4 << 20;

/// Consecutive records that end with the last one of the log.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// With the number of the operation that writes it.
    records: VecDeque<(u64, Record)>,
    bytes: usize,
    /// The last operation that is on disk.
    written_seq: u64,
}

impl Tail {
    pub(super) fn push(&mut self, seq: u64, records: &[Record]) {
        self.bytes += records.iter().map(Record::encoded_len).sum::<usize>();
        self.records.extend(records.iter().map(|record| (seq, record.clone())));
    }

    /// The index of the oldest record held.
    pub(super) fn first_index(&self) -> Option<u64> {
        self.records.front().map(|(_, record)| record.at.index)
    }

    /// Clones the held records from `first` to before `end`, until `max_bytes` are reached (at least one).
    pub(super) fn copy(&self, first: u64, end: u64, max_bytes: usize, out: &mut Vec<Record>) {
        let Some(held_from) = self.first_index() else { return };
        let skip = usize::try_from(first.saturating_sub(held_from)).unwrap_or(usize::MAX);
        let mut bytes = 0;
        for (_, record) in self.records.iter().skip(skip) {
            if record.at.index >= end || (bytes > 0 && bytes + record.encoded_len() > max_bytes) {
                break;
            }
            bytes += record.encoded_len();
            out.push(record.clone());
        }
    }

    pub(super) fn truncate_from(&mut self, index: u64) {
        while self.records.back().is_some_and(|(_, record)| record.at.index >= index) {
            self.forget(VecDeque::pop_back);
        }
    }

    pub(super) fn purge(&mut self, upto: u64) {
        while self.first_index().is_some_and(|first| first <= upto) {
            self.forget(VecDeque::pop_front);
        }
    }

    /// Lets go of what is on disk and too much to keep.
    pub(super) fn written(&mut self, seq: u64) {
        self.written_seq = self.written_seq.max(seq);
        while self.bytes > KEPT_BYTES && self.records.front().is_some_and(|(seq, _)| *seq <= self.written_seq) {
            self.forget(VecDeque::pop_front);
        }
    }

    fn forget(&mut self, pop: impl FnOnce(&mut VecDeque<(u64, Record)>) -> Option<(u64, Record)>) {
        if let Some((_, record)) = pop(&mut self.records) {
            self.bytes -= record.encoded_len();
        }
    }
}
