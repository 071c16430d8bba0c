//! The cluster's timing as it is kept in Raft, in clear.

use coffer_model::{Command, Precondition, Put, Revision};

use super::Timing;

/// Where the record lies.
pub(crate) const KEY: &str = "core/coffer/cluster/timing";

const VERSION: u8 = 1;
/// A day: what is longer is no timing.
const MAX_HEARTBEAT: u64 = 86_400_000;

/// What the cluster has agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimingRecord {
    pub(crate) timing: Timing,
    /// The `performance_multiplier` it follows; `None`: it was measured.
    pub(crate) multiplier: Option<u32>,
}

impl TimingRecord {
    /// Version, milliseconds between heartbeats, multiplier (0: measured); big endian.
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend(self.timing.heartbeat.to_be_bytes());
        out.extend(self.multiplier.unwrap_or(0).to_be_bytes());
        out
    }

    /// `None` for bytes that this release cannot read.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (heartbeat, rest) = rest.split_first_chunk::<8>()?;
        let multiplier: &[u8; 4] = rest.try_into().ok()?;
        let heartbeat = u64::from_be_bytes(*heartbeat);
        (1..=MAX_HEARTBEAT).contains(&heartbeat).then(|| Self {
            timing: Timing { heartbeat },
            multiplier: Some(u32::from_be_bytes(*multiplier)).filter(|set| *set > 0),
        })
    }

    /// Puts the record in the place of the one read at `seen`.
    pub(crate) fn command(self, seen: Option<Revision>) -> Command {
        Command {
            preconditions: vec![Precondition { key: KEY.to_owned(), revision: seen }],
            puts: vec![Put { key: KEY.to_owned(), value: self.encode() }],
            deletes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_record_survives(heartbeat in 1..=MAX_HEARTBEAT, multiplier in 0u32..11) {
            let record = TimingRecord { timing: Timing { heartbeat }, multiplier: Some(multiplier).filter(|set| *set > 0) };
            prop_assert_eq!(TimingRecord::decode(&record.encode()), Some(record));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..16)) {
            let _ = TimingRecord::decode(&bytes);
        }
    }
}
