//! The messages of a join in JSON, and the exact bytes of them that are proved.

use coffer_model::{ClusterCard, Member, OwnCard};
use coffer_seal::{SEAL_TYPE, SealConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a joining node's nonce.
pub const NONCE_LEN: usize = 32;

/// Most bytes of any one field; an identity key has below 100, an address below 300.
const MAX_FIELD: usize = 4096;

/// Bytes, as base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

/// A joining node, as it introduces itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinerCard {
    /// `node_id` of its configuration.
    pub server_id: String,
    /// Raft's number for this incarnation.
    pub raft_id: u64,
    /// Host and port of its cluster listener.
    pub cluster_addr: String,
    /// URL of its API.
    pub api_addr: String,
    /// The public half of its identity key.
    pub public_key: Base64,
    /// Joins without a vote.
    #[serde(default)]
    pub non_voter: bool,
    /// [`NONCE_LEN`] random bytes of its own.
    pub nonce: Base64,
}

/// What the leader answers to an introduction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// The node that was asked is the one that asks.
    Itself,
    /// A challenge.
    Offer(Offer),
}

/// The leader's challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// To be given back.
    pub challenge: Base64,
    /// How the cluster's root key is shared.
    pub seal_config: OfferedSeal,
    /// The cluster, in hex, as its nodes' files name it.
    pub raft_cluster_id: String,
    /// That the leader holds the unseal key.
    pub proof: Base64,
}

/// `core/seal-config`, as far as a joining node needs it; Vault's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedSeal {
    /// The type of the seal.
    #[serde(rename = "type")]
    pub kind: String,
    /// Shares made.
    pub secret_shares: i64,
    /// Shares needed.
    pub secret_threshold: i64,
}

/// The joining node's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// As introduced.
    #[serde(flatten)]
    pub joiner: JoinerCard,
    /// As it was given.
    pub challenge: Base64,
    /// That the joining node holds the unseal key.
    pub answer: Base64,
}

/// The list of members, sealed for the joining node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedCard {
    /// A [`GivenCard`] under a key of this exchange.
    pub sealed: Base64,
}

/// What a node that was admitted has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenCard {
    cluster_id: Base64,
    term: u64,
    members: Vec<GivenMember>,
    /// All up to this entry has to be applied before the barrier can be opened.
    pub index: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct GivenMember {
    node_id: String,
    raft_id: u64,
    cluster_addr: String,
    api_addr: String,
    voter: bool,
    leader: bool,
    public_key: Base64,
}

/// A message that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A field that has to be there is not, or is too long.
    #[error("no {0} provided")]
    Missing(&'static str),
    /// A field is not what it should be.
    #[error("{0} makes no sense")]
    Malformed(&'static str),
}

impl JoinerCard {
    /// This node, with a nonce of its own.
    pub fn new(own: OwnCard, non_voter: bool, nonce: [u8; NONCE_LEN]) -> Self {
        Self {
            server_id: own.node_id,
            raft_id: own.raft_id,
            cluster_addr: own.cluster_address,
            api_addr: own.api_address,
            public_key: Base64(own.public_key),
            non_voter,
            nonce: Base64(nonce.to_vec()),
        }
    }

    /// Looks at everything that can be judged without knowing the node.
    ///
    /// # Errors
    /// Something is missing or out of bounds.
    pub fn check(&self) -> Result<(), WireError> {
        let fits = |text: &str| text.len() <= MAX_FIELD && !text.chars().any(char::is_control);
        match () {
            () if self.server_id.is_empty() => Err(WireError::Missing("server id")),
            () if self.server_id.len() > 256 || !fits(&self.server_id) => Err(WireError::Malformed("server_id")),
            () if self.cluster_addr.is_empty() => Err(WireError::Missing("cluster address")),
            () if !fits(&self.cluster_addr) => Err(WireError::Malformed("cluster_addr")),
            () if !fits(&self.api_addr) => Err(WireError::Malformed("api_addr")),
            () if self.public_key.0.len() > MAX_FIELD => Err(WireError::Malformed("public_key")),
            () if self.nonce.0.len() != NONCE_LEN => Err(WireError::Malformed("nonce")),
            () => Ok(()),
        }
    }

    /// What is proved of the node.
    fn text(&self) -> Vec<u8> {
        fields(&[
            self.server_id.as_bytes(),
            &self.raft_id.to_be_bytes(),
            self.cluster_addr.as_bytes(),
            self.api_addr.as_bytes(),
            &self.public_key.0,
            &[u8::from(self.non_voter)],
            &self.nonce.0,
        ])
    }
}

impl OfferedSeal {
    /// The leader's.
    pub fn new(config: SealConfig) -> Self {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            kind: SEAL_TYPE.to_owned(),
            secret_shares: count(config.shares()),
            secret_threshold: count(config.threshold()),
        }
    }

    /// The configuration, if it is one that this node knows.
    ///
    /// # Errors
    /// Another type of seal, or impossible numbers.
    pub fn config(&self) -> Result<SealConfig, WireError> {
        if self.kind != SEAL_TYPE {
            return Err(WireError::Malformed("the type of the cluster's seal"));
        }
        SealConfig::new(self.secret_shares, self.secret_threshold)
            .map_err(|_| WireError::Malformed("the configuration of the cluster's seal"))
    }
}

impl GivenCard {
    pub(crate) fn new(card: ClusterCard, index: u64) -> Self {
        let members = card.members.into_iter().map(|member| GivenMember {
            node_id: member.node_id,
            raft_id: member.raft_id,
            cluster_addr: member.cluster_address,
            api_addr: member.api_address,
            voter: member.voter,
            leader: member.leader,
            public_key: Base64(member.public_key),
        });
        Self { cluster_id: Base64(card.cluster_id.to_vec()), term: card.term, members: members.collect(), index }
    }

    pub(crate) fn into_card(self) -> Result<ClusterCard, WireError> {
        let members = self.members.into_iter().map(|member| Member {
            node_id: member.node_id,
            cluster_address: member.cluster_addr,
            api_address: member.api_addr,
            voter: member.voter,
            leader: member.leader,
            raft_id: member.raft_id,
            public_key: member.public_key.0,
        });
        Ok(ClusterCard {
            cluster_id: self.cluster_id.0.try_into().map_err(|_| WireError::Malformed("the cluster's id"))?,
            members: members.collect(),
            term: self.term,
        })
    }
}

/// What the leader proves.
pub(crate) fn offer_text(joiner: &JoinerCard, offer: &Offer) -> Vec<u8> {
    fields(&[&joiner.text(), &exchange_part(offer)])
}

/// What the joining node proves; the challenge is the leader's nonce.
pub(crate) fn answer_text(joiner: &JoinerCard, challenge: &[u8], cluster_id: &str) -> Vec<u8> {
    fields(&[&joiner.text(), challenge, cluster_id.as_bytes()])
}

/// What the sealed list of members is bound to.
pub(crate) fn exchange(answer: &Answer, cluster_id: &str) -> Vec<u8> {
    fields(&[&answer_text(&answer.joiner, &answer.challenge.0, cluster_id), &answer.answer.0])
}

/// What a challenge is bound to besides its own random bytes.
pub(crate) fn challenge_text(joiner: &JoinerCard, head: &[u8], cluster_id: &str) -> Vec<u8> {
    fields(&[head, &joiner.text(), cluster_id.as_bytes()])
}

fn exchange_part(offer: &Offer) -> Vec<u8> {
    let seal = &offer.seal_config;
    fields(&[
        &offer.challenge.0,
        seal.kind.as_bytes(),
        &seal.secret_shares.to_be_bytes(),
        &seal.secret_threshold.to_be_bytes(),
        offer.raft_cluster_id.as_bytes(),
    ])
}

/// Each with its length before it, so that no two lists have the same bytes.
fn fields(fields: &[&[u8]]) -> Vec<u8> {
    let mut text = Vec::with_capacity(fields.iter().map(|field| field.len() + 8).sum());
    for field in fields {
        text.extend_from_slice(&(field.len() as u64).to_be_bytes());
        text.extend_from_slice(field);
    }
    text
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(|_| serde::de::Error::custom("not base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_two_lists_of_fields_have_the_same_bytes(one: Vec<Vec<u8>>, other: Vec<Vec<u8>>) {
            let bytes = |list: &[Vec<u8>]| fields(&list.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(bytes(&one) == bytes(&other), one == other);
        }

        #[test]
        fn no_text_makes_a_message_of_itself(text: String) {
            let _ = serde_json::from_str::<Answer>(&text);
            let _ = serde_json::from_str::<Offer>(&text);
            let _ = serde_json::from_str::<GivenCard>(&text);
        }
    }

    #[test]
    fn an_answer_keeps_its_json() {
        let joiner = JoinerCard {
            server_id: "n2".into(),
            raft_id: u64::MAX - 1,
            cluster_addr: "127.0.0.1:8201".into(),
            api_addr: "https://127.0.0.1:8200".into(),
            public_key: Base64(vec![1, 2, 3]),
            non_voter: true,
            nonce: Base64(vec![9; NONCE_LEN]),
        };
        joiner.check().unwrap();
        let answer = Answer { joiner, challenge: Base64(vec![4]), answer: Base64(vec![5]) };
        let json = serde_json::to_value(&answer).unwrap();
        assert_eq!(json["server_id"], "n2");
        assert_eq!(json["answer"], "BQ==");
        assert_eq!(serde_json::from_value::<Answer>(json).unwrap(), answer);
    }
}
