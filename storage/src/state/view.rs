//! One committed state, as reads see it: a held read transaction, so that a read costs no more than the lookup.

use std::sync::Arc;

use bytes::Bytes;
use redb::{AccessGuard, ReadOnlyTable, ReadableDatabase};

use crate::fault::FaultContext;
use crate::medium::{META, NamedDb};
use crate::{LogPosition, StoreFault};

use super::staging::{STAGED, Staging};
use super::{Committed, KV, meta_key};

/// Bytes of the revision before each value.
pub(super) const REVISION: usize = 8;

/// A stored value and the index of the entry that wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// Log index.
    pub revision: u64,
    /// The bytes.
    pub value: Vec<u8>,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Value").field("revision", &self.revision).field("bytes", &self.value.len()).finish()
    }
}

pub(super) struct View {
    pub(super) kv: ReadOnlyTable<&'static str, &'static [u8]>,
    /// The state that is staged, where one is.
    pub(super) staged: Option<ReadOnlyTable<&'static str, &'static [u8]>>,
    pub(super) committed: Committed,
    /// What is read lies in it, also when another file has taken its place.
    pub(super) named: Arc<NamedDb>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("committed", &self.committed).finish_non_exhaustive()
    }
}

impl View {
    pub(super) fn open(named: &Arc<NamedDb>) -> Result<Self, StoreFault> {
        const READING: &str = "reading";
        let file = named.file.as_str();
        let reading = named.db.begin_read().fault(file, READING)?;
        let kv = reading.open_table(KV).fault(file, READING)?;
        let meta = reading.open_table(META).fault(file, READING)?;
        let applied = match meta.get(meta_key::APPLIED).fault(file, READING)? {
            Some(found) => Some(decode_position(file, found.value())?),
            None => None,
        };
        let membership = match meta.get(meta_key::MEMBERSHIP).fault(file, READING)? {
            Some(found) => Some(decode_membership(file, &found)?),
            None => None,
        };
        let staging = match meta.get(meta_key::STAGING).fault(file, READING)? {
            Some(found) => Some(
                Staging::decode(found.value())
                    .ok_or_else(|| StoreFault::damaged(file, "its staged state makes no sense"))?,
            ),
            None => None,
        };
        let staged = match staging {
            Some(_) => Some(reading.open_table(STAGED).fault(file, READING)?),
            None => None,
        };
        Ok(Self { kv, staged, committed: Committed { applied, membership, staging }, named: Arc::clone(named) })
    }

    pub(super) fn get(&self, file: &str, key: &str) -> Result<Option<Value>, StoreFault> {
        let Some(found) = self.kv.get(key).fault(file, "reading")? else { return Ok(None) };
        let (revision, value) = split_value(file, found.value())?;
        Ok(Some(Value { revision, value: value.to_vec() }))
    }
}

/// Revision and value of a stored record.
pub(super) fn split_value<'b>(file: &str, bytes: &'b [u8]) -> Result<(u64, &'b [u8]), StoreFault> {
    let (revision, value) =
        bytes.split_first_chunk::<REVISION>().ok_or_else(|| StoreFault::damaged(file, "a value in it is cut short"))?;
    Ok((u64::from_be_bytes(*revision), value))
}

fn decode_position(file: &str, bytes: &[u8]) -> Result<LogPosition, StoreFault> {
    LogPosition::decode(bytes).ok_or_else(|| StoreFault::damaged(file, "its applied position makes no sense"))
}

/// Position, then the caller's bytes.
fn decode_membership(file: &str, found: &AccessGuard<'_, &[u8]>) -> Result<(LogPosition, Bytes), StoreFault> {
    let (at, list) = found
        .value()
        .split_at_checked(LogPosition::LEN)
        .ok_or_else(|| StoreFault::damaged(file, "its member list is cut short"))?;
    Ok((decode_position(file, at)?, Bytes::copy_from_slice(list)))
}
