//! What each file says of itself, so that files of two nodes or two clusters are never used together.

use std::fmt;

/// First byte of every header; a file with a greater one is refused.
pub(crate) const FORMAT: u8 = 1;

/// Longest `node_id`, in bytes.
const MAX_NODE_ID: usize = 256;

/// Which cluster a file belongs to: random, made when the cluster is formed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClusterId(pub [u8; 16]);

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Who this node is. The Raft id is random and dies with the data folder: an emptied node is another voter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeIdentity {
    /// The operator's name for it.
    pub node_id: String,
    /// Raft's number for it; never 0.
    pub raft_id: u64,
}

/// Which of the two files it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Log = 1,
    State = 2,
}

/// The record at the head of each file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: FileKind,
    /// Made with the pair of files, the same in both.
    pub(crate) pair: [u8; 16],
    pub(crate) identity: NodeIdentity,
    /// Unset until a cluster is formed or joined.
    pub(crate) cluster: Option<ClusterId>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    NewerFormat(u8),
    Malformed,
}

impl Header {
    /// Format, kind, pair (16), Raft id (8, big endian), cluster (16; zeros: none), then the node id.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![FORMAT, self.kind as u8];
        out.extend(self.pair);
        out.extend(self.identity.raft_id.to_be_bytes());
        out.extend(self.cluster.map_or([0; 16], |id| id.0));
        out.extend(self.identity.node_id.as_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let (&format, rest) = bytes.split_first().ok_or(HeaderError::Malformed)?;
        if format != FORMAT {
            return Err(if format > FORMAT { HeaderError::NewerFormat(format) } else { HeaderError::Malformed });
        }
        Self::decode_first_format(rest).ok_or(HeaderError::Malformed)
    }

    fn decode_first_format(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let kind = [FileKind::Log, FileKind::State].into_iter().find(|known| *known as u8 == kind)?;
        let (pair, rest) = rest.split_first_chunk::<16>()?;
        let (raft_id, rest) = rest.split_first_chunk::<8>()?;
        let (cluster, node_id) = rest.split_first_chunk::<16>()?;
        let node_id = std::str::from_utf8(node_id).ok()?.to_owned();
        let raft_id = u64::from_be_bytes(*raft_id);
        if raft_id == 0 || !is_valid_node_id(&node_id) {
            return None;
        }
        let cluster = (*cluster != [0; 16]).then_some(ClusterId(*cluster));
        Some(Self { kind, pair: *pair, identity: NodeIdentity { node_id, raft_id }, cluster })
    }
}

pub(crate) fn is_valid_node_id(node_id: &str) -> bool {
    (1..=MAX_NODE_ID).contains(&node_id.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> impl Strategy<Value = Header> {
        (any::<bool>(), any::<[u8; 16]>(), 1u64.., "[ -~]{1,40}", any::<Option<[u8; 16]>>()).prop_map(
            |(is_log, pair, raft_id, node_id, cluster)| Header {
                kind: if is_log { FileKind::Log } else { FileKind::State },
                pair,
                identity: NodeIdentity { node_id, raft_id },
                cluster: cluster.filter(|id| *id != [0; 16]).map(ClusterId),
            },
        )
    }

    proptest! {
        #[test]
        fn a_header_survives_its_encoding(header in header()) {
            prop_assert_eq!(Header::decode(&header.encode()), Ok(header));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Header::decode(&bytes);
        }
    }

    #[test]
    fn a_later_format_is_named() {
        assert_eq!(Header::decode(&[FORMAT + 1]), Err(HeaderError::NewerFormat(FORMAT + 1)));
    }
}
