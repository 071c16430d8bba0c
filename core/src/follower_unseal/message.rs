//! What leader and sealed nodes say to each other, in JSON. Nothing in it is secret but for the root key, which is
//! sealed to the key of the node it is for.

use bytes::Bytes;
use coffer_model::PeerIdentity;
use coffer_seal::OpeningPublicKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::sealed_identity::Claim;

/// Longest message looked at.
const MAX_LEN: usize = 4096;

/// The answer to [`coffer_model::Topic::SEAL_STATE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SealStateAnswer {
    /// The last ceremony that the node knows of.
    pub(super) epoch: u64,
    pub(super) state: ToldState,
}

/// How a node stands, as it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ToldState {
    /// It holds the keys.
    Unsealed,
    /// It has no keys and does not want to be opened: sealed by command, or configured so.
    SealedForGood,
    /// It has no keys since its process began.
    Sealed { boot_id: Uuid, key: WireKey },
}

/// [`coffer_model::Topic::UNSEAL`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnsealQuestion {
    pub(super) epoch: u64,
    pub(super) boot_id: Uuid,
    pub(super) key: WireKey,
    /// Index of the last entry applied there.
    pub(super) applied_index: u64,
}

/// Its answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnsealAnswer {
    /// In hex.
    pub(super) sealed_root_key: String,
}

/// What a root key is sealed for: it opens with exactly this and nothing else.
#[derive(Serialize)]
pub(super) struct Context<'a> {
    pub(super) protocol: u8,
    pub(super) cluster_id: String,
    pub(super) leader: u64,
    pub(super) follower: u64,
    pub(super) follower_name: &'a str,
    pub(super) question: &'a UnsealQuestion,
}

impl Context<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        // Texts and numbers alone: this cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A public key in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WireKey(pub(super) OpeningPublicKey);

impl Serialize for WireKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0.0))
    }
}

impl<'de> Deserialize<'de> for WireKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).map_err(|_| serde::de::Error::custom("not a public key in hex"))?;
        Ok(Self(OpeningPublicKey(key)))
    }
}

impl UnsealQuestion {
    pub(super) fn claim(&self) -> Claim {
        Claim { boot_id: self.boot_id, key: self.key.0 }
    }
}

pub(super) fn encode(message: &impl Serialize) -> Result<Bytes, String> {
    serde_json::to_vec(message).map(Bytes::from).map_err(|error| error.to_string())
}

pub(super) fn decode<T: DeserializeOwned>(from: &PeerIdentity, bytes: &[u8]) -> Result<T, String> {
    if bytes.len() > MAX_LEN {
        return Err(format!("the message of {} is {} bytes long", from.node_id, bytes.len()));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("the message of {} cannot be read: {error}", from.node_id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn peer() -> PeerIdentity {
        PeerIdentity { node_id: "n2".to_owned(), raft_id: 2 }
    }

    #[test]
    fn messages_come_back() {
        let key = WireKey(OpeningPublicKey([7; 32]));
        for state in
            [ToldState::Unsealed, ToldState::SealedForGood, ToldState::Sealed { boot_id: Uuid::from_u128(9), key }]
        {
            let answer = SealStateAnswer { epoch: 4, state };
            assert_eq!(decode::<SealStateAnswer>(&peer(), &encode(&answer).unwrap()).unwrap(), answer);
        }
    }

    #[test]
    fn a_long_message_is_not_read() {
        assert!(decode::<SealStateAnswer>(&peer(), &vec![b' '; MAX_LEN + 1]).unwrap_err().contains("bytes long"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode::<UnsealQuestion>(&peer(), &bytes).is_err());
        }
    }
}
