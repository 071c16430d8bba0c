//! A member as Raft's configuration names it, and the encoding of a member list in the log and the state.

use std::collections::{BTreeMap, BTreeSet};

use crate::raft_types::Membership;

/// First byte of an encoded list.
const VERSION: u8 = 2;
/// Lists without keys, as earlier releases wrote them.
const WITHOUT_KEYS: u8 = 1;
/// Bit of a member's flags: it never votes.
const NON_VOTER: u8 = 1;

/// What is known of a member besides its Raft id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberNode {
    pub(crate) node_id: String,
    pub(crate) cluster_address: String,
    pub(crate) api_address: String,
    /// The public half of its identity key; empty where none is pinned yet.
    pub(crate) public_key: Vec<u8>,
    /// Never becomes a voter by itself.
    pub(crate) non_voter: bool,
}

/// Bytes that are no member list.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MemberListError {
    #[error("a member list was written by a later release (encoding {0})")]
    UnknownVersion(u8),
    #[error("a member list makes no sense")]
    Malformed,
}

/// Version, then the counted configurations of voter ids, then the counted members: id, three texts, the public key
/// and flags. Numbers are big endian, counts and lengths u32.
pub(crate) fn encode(list: &Membership) -> Vec<u8> {
    let mut out = vec![VERSION];
    let configurations = list.get_joint_config();
    put_len(&mut out, configurations.len());
    for voters in configurations {
        put_len(&mut out, voters.len());
        voters.iter().for_each(|id| out.extend(id.to_be_bytes()));
    }
    put_len(&mut out, list.nodes().count());
    for (id, node) in list.nodes() {
        out.extend(id.to_be_bytes());
        let texts = [&node.node_id, &node.cluster_address, &node.api_address].map(String::as_bytes);
        for field in texts.into_iter().chain([node.public_key.as_slice()]) {
            put_len(&mut out, field.len());
            out.extend(field);
        }
        out.push(if node.non_voter { NON_VOTER } else { 0 });
    }
    out
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Membership, MemberListError> {
    match bytes.split_first() {
        Some((&version @ (WITHOUT_KEYS | VERSION), rest)) => {
            Reader(rest).list(version).ok_or(MemberListError::Malformed)
        }
        Some((&version, _)) => Err(MemberListError::UnknownVersion(version)),
        None => Err(MemberListError::Malformed),
    }
}

fn put_len(out: &mut Vec<u8>, len: usize) {
    // Texts come from a configuration file, far below 4 GiB.
    out.extend(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn list(mut self, version: u8) -> Option<Membership> {
        let mut configurations = Vec::new();
        for _ in 0..self.len()? {
            let mut voters = BTreeSet::new();
            for _ in 0..self.len()? {
                voters.insert(self.id()?);
            }
            configurations.push(voters);
        }
        let mut members = BTreeMap::new();
        for _ in 0..self.len()? {
            let id = self.id()?;
            let mut node = MemberNode {
                node_id: self.text()?,
                cluster_address: self.text()?,
                api_address: self.text()?,
                ..MemberNode::default()
            };
            if version > WITHOUT_KEYS {
                node.public_key = self.bytes()?.to_vec();
                node.non_voter = self.array::<1>()?[0] & NON_VOTER != 0;
            }
            members.insert(id, node);
        }
        if !self.0.is_empty() {
            return None;
        }
        Membership::new(configurations, members).ok()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn len(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn id(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let len = usize::try_from(self.len()?).ok()?;
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list() -> impl Strategy<Value = Membership> {
        let texts =
            ("[a-z]{0,9}", "[a-z:0-9]{0,9}", ".{0,9}", proptest::collection::vec(any::<u8>(), 0..9), any::<bool>());
        let members = proptest::collection::btree_map(any::<u64>(), texts, 1..6);
        (members, any::<bool>()).prop_map(|(members, is_joint)| {
            let voters: BTreeSet<u64> = members.keys().copied().collect();
            let fewer: BTreeSet<u64> = voters.iter().copied().take(1).collect();
            let nodes: BTreeMap<u64, MemberNode> = members
                .into_iter()
                .map(|(id, (node_id, cluster_address, api_address, public_key, non_voter))| {
                    (id, MemberNode { node_id, cluster_address, api_address, public_key, non_voter })
                })
                .collect();
            let configurations = if is_joint { vec![voters, fewer] } else { vec![fewer] };
            Membership::new(configurations, nodes).unwrap()
        })
    }

    proptest! {
        #[test]
        fn a_list_survives_its_encoding(list in list()) {
            prop_assert_eq!(decode(&encode(&list)), Ok(list));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..90), known in any::<bool>()) {
            if let (true, Some(first)) = (known, bytes.first_mut()) {
                *first = VERSION;
            }
            let _ = decode(&bytes);
        }

        #[test]
        fn a_cut_list_is_refused(list in list(), cut in 1usize..20) {
            let bytes = encode(&list);
            prop_assert!(decode(&bytes[..bytes.len().saturating_sub(cut)]).is_err());
        }
    }

    #[test]
    fn a_list_of_the_first_encoding_is_read() {
        let text = |text: &str| [&u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
        let one = 1u32.to_be_bytes();
        let id = 7u64.to_be_bytes();
        let bytes = [&[1][..], &one, &one, &id, &one, &id, &text("n"), &text("h:8201"), &text("http://h")].concat();
        let list = decode(&bytes).unwrap();
        let node = list.get_node(&7).unwrap();
        assert_eq!((node.node_id.as_str(), node.cluster_address.as_str()), ("n", "h:8201"));
        assert!(node.public_key.is_empty() && !node.non_voter);
    }

    #[test]
    fn an_empty_list_survives() {
        assert_eq!(decode(&encode(&Membership::default())), Ok(Membership::default()));
    }
}
