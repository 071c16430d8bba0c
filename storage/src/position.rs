//! Where an entry stands in the log.

/// Term, leader and index of an entry: the three together name it for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    /// Raft term in which it was proposed.
    pub term: u64,
    /// Raft id of the leader that proposed it.
    pub leader: u64,
    /// Place in the log.
    pub index: u64,
}

impl LogPosition {
    /// Bytes of [`LogPosition::encode`].
    pub(crate) const LEN: usize = 24;

    /// Term, leader, index; big endian.
    pub(crate) fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..8].copy_from_slice(&self.term.to_be_bytes());
        out[8..16].copy_from_slice(&self.leader.to_be_bytes());
        out[16..].copy_from_slice(&self.index.to_be_bytes());
        out
    }

    /// `None` unless the slice is exactly one position.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (term, rest) = bytes.split_first_chunk::<8>()?;
        let (leader, rest) = rest.split_first_chunk::<8>()?;
        let index: &[u8; 8] = rest.try_into().ok()?;
        Some(Self {
            term: u64::from_be_bytes(*term),
            leader: u64::from_be_bytes(*leader),
            index: u64::from_be_bytes(*index),
        })
    }
}
