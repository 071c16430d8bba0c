//! A log entry and the vote, and their bytes on disk.

use std::fmt;

use bytes::Bytes;

use crate::{LogPosition, StoreFault};

/// First byte of every encoded record and vote.
const VERSION: u8 = 1;

/// Version, kind, term, leader. The index is the key.
pub(crate) const RECORD_HEAD: usize = 18;

/// What an entry's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// No body: a new leader's first entry.
    Blank = 0,
    /// An encoded command.
    Command = 1,
    /// An encoded member list.
    Membership = 2,
}

/// One entry of the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub at: LogPosition,
    /// What the body is.
    pub kind: RecordKind,
    /// Meaningless to this crate; cheap to clone.
    pub body: Bytes,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("at", &self.at)
            .field("kind", &self.kind)
            .field("bytes", &self.body.len())
            .finish()
    }
}

impl Record {
    pub(crate) fn encoded_len(&self) -> usize {
        RECORD_HEAD + self.body.len()
    }

    /// Fills a slice of [`Record::encoded_len`] bytes.
    pub(crate) fn encode_into(&self, out: &mut [u8]) {
        if let Some((head, body)) = out.split_first_chunk_mut::<RECORD_HEAD>() {
            head[0] = VERSION;
            head[1] = self.kind as u8;
            head[2..10].copy_from_slice(&self.at.term.to_be_bytes());
            head[10..].copy_from_slice(&self.at.leader.to_be_bytes());
            body.copy_from_slice(&self.body);
        }
    }

    pub(crate) fn decode(file: &str, index: u64, bytes: &[u8]) -> Result<Self, StoreFault> {
        let damaged = |what: &str| StoreFault::damaged(file, format!("entry {index} {what}"));
        let (head, body) = bytes.split_first_chunk::<RECORD_HEAD>().ok_or_else(|| damaged("is cut short"))?;
        if head[0] != VERSION {
            return Err(damaged("is of a kind that this release does not know"));
        }
        let kind = [RecordKind::Blank, RecordKind::Command, RecordKind::Membership]
            .into_iter()
            .find(|kind| *kind as u8 == head[1])
            .ok_or_else(|| damaged("is of a kind that this release does not know"))?;
        let (term, leader) = head[2..].split_at(8);
        let number = |bytes: &[u8]| bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        let at = LogPosition { term: number(term), leader: number(leader), index };
        Ok(Self { at, kind, body: Bytes::copy_from_slice(body) })
    }
}

/// For whom this node voted, and whether that one won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Raft term.
    pub term: u64,
    /// Raft id of the candidate.
    pub candidate: u64,
    /// Whether a majority is known to have granted it.
    pub won: bool,
}

impl Vote {
    pub(crate) fn encode(self) -> [u8; 18] {
        let mut out = [0; 18];
        out[0] = VERSION;
        out[1..9].copy_from_slice(&self.term.to_be_bytes());
        out[9..17].copy_from_slice(&self.candidate.to_be_bytes());
        out[17] = u8::from(self.won);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (term, rest) = rest.split_first_chunk::<8>()?;
        let (candidate, rest) = rest.split_first_chunk::<8>()?;
        let won = match rest {
            [0] => false,
            [1] => true,
            _ => return None,
        };
        (version == VERSION).then_some(Self {
            term: u64::from_be_bytes(*term),
            candidate: u64::from_be_bytes(*candidate),
            won,
        })
    }
}
