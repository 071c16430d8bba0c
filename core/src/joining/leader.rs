//! The active node's part in a join.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coffer_model::{MembershipError, NewMember};
use coffer_seal::{JoinKey, JoinPurpose, SealConfig, UNSEAL_KEY_PATH};

use super::challenge::{self, BadChallenge};
use super::wire::{
    Answer, Base64, GivenCard, JoinerCard, Offer, Offered, OfferedSeal, SealedCard, WireError, answer_text, exchange,
    offer_text,
};
use crate::Failure;
use crate::lifecycle::{Node, Phase};

/// An earlier incarnation at the joining node's own address can't be alive; the cluster is given this long to notice.
const NOTICE_TIME: Duration = Duration::from_secs(12);
const NOTICE_PAUSE: Duration = Duration::from_millis(500);

/// A member that was heard from so lately is alive.
const ALIVE: Duration = Duration::from_secs(3);

impl Node {
    /// Answers an introduction.
    ///
    /// # Errors
    /// The node is not the active one, or the other can't be a member as it is.
    pub fn offer_to_join(&self, joiner: &JoinerCard) -> Result<Offered, Failure> {
        joiner.check().map_err(|error| Failure::invalid(error.to_string()))?;
        let own = self.cluster().own_card();
        if own.raft_id == joiner.raft_id && own.node_id == joiner.server_id {
            return Ok(Offered::Itself);
        }
        let desk = Leading::of(self)?;
        self.refuse_living(joiner)?;
        let now = unix(self);
        let challenge = challenge::make(&desk.key, joiner, &desk.cluster_id, now)
            .ok_or_else(|| Failure::internal("the operating system gave no random bytes"))?;
        let mut offer = Offer {
            challenge: Base64(challenge),
            seal_config: OfferedSeal::new(desk.seal_config),
            raft_cluster_id: desk.cluster_id,
            proof: Base64::default(),
        };
        offer.proof = Base64(desk.key.prove(JoinPurpose::Leader, &offer_text(joiner, &offer)).to_vec());
        Ok(Offered::Offer(offer))
    }

    /// Admits a node that has proved itself.
    ///
    /// # Errors
    /// It has not, or can't be a member.
    pub async fn admit_to_join(self: &Arc<Self>, answer: &Answer) -> Result<SealedCard, Failure> {
        let joiner = &answer.joiner;
        joiner.check().map_err(|error| Failure::invalid(error.to_string()))?;
        if answer.answer.0.is_empty() {
            return Err(Failure::invalid(WireError::Missing("answer").to_string()));
        }
        let desk = Leading::of(self)?;
        let text = answer_text(joiner, &answer.challenge.0, &desk.cluster_id);
        let proved = desk.key.verify(JoinPurpose::Joiner, &text, &answer.answer.0);
        match challenge::check(&desk.key, joiner, &desk.cluster_id, &answer.challenge.0, unix(self)) {
            Ok(()) if proved => {}
            Ok(()) | Err(BadChallenge::Foreign) => {
                tracing::warn!(
                    node_id = joiner.server_id,
                    address = joiner.cluster_addr,
                    "a join was refused: no proof"
                );
                return Err(Failure::DeniedBecause(
                    "invalid answer given: it does not prove the unseal key".to_owned(),
                ));
            }
            Err(BadChallenge::Late) => {
                return Err(Failure::invalid("the challenge has expired: ask for another (are both clocks right?)"));
            }
        }
        self.admit(joiner).await?;
        tracing::info!(node_id = joiner.server_id, address = joiner.cluster_addr, "a node has joined");
        let card = self.cluster().cluster_card().ok_or_else(no_cluster)?;
        let given = GivenCard::new(card, self.cluster().status().committed_index);
        let given = serde_json::to_vec(&given).map_err(Failure::internal)?;
        let sealed = desk.key.seal(&exchange(answer, &desk.cluster_id), &given);
        Ok(SealedCard { sealed: Base64(sealed.ok_or_else(|| Failure::internal("the card could not be sealed"))?) })
    }

    async fn admit(&self, joiner: &JoinerCard) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            let member = NewMember {
                node_id: joiner.server_id.clone(),
                raft_id: joiner.raft_id,
                cluster_address: joiner.cluster_addr.clone(),
                api_address: joiner.api_addr.clone(),
                public_key: joiner.public_key.0.clone(),
                non_voter: joiner.non_voter,
            };
            match self.cluster().admit(member).await {
                Ok(()) => return Ok(()),
                Err(MembershipError::Alive { address, .. })
                    if address == joiner.cluster_addr && began.elapsed() < NOTICE_TIME =>
                {
                    tokio::time::sleep(NOTICE_PAUSE).await;
                }
                Err(
                    error @ (MembershipError::Alive { .. } | MembershipError::Unknown(_) | MembershipError::Unfit(_)),
                ) => {
                    return Err(Failure::invalid(error.to_string()));
                }
                Err(MembershipError::NotLeader) => return Err(Failure::NotLeader),
                Err(error) => return Err(Failure::Unavailable(error.to_string())),
            }
        }
    }

    /// As early as it can be known. What is at the same address as the joining node was there before it.
    fn refuse_living(&self, joiner: &JoinerCard) -> Result<(), Failure> {
        let status = self.cluster().status();
        let Some(member) = status.members.iter().find(|member| member.node_id == joiner.server_id) else {
            return Ok(());
        };
        if member.raft_id == joiner.raft_id || member.cluster_address == joiner.cluster_addr {
            return Ok(());
        }
        let is_this_node = member.node_id == status.node_id;
        let heard = self.cluster().peers().into_iter().find(|peer| peer.node_id == member.node_id);
        let alive = heard.and_then(|peer| peer.last_contact).is_some_and(|since| since < ALIVE);
        if is_this_node || alive {
            let error =
                MembershipError::Alive { node_id: member.node_id.clone(), address: member.cluster_address.clone() };
            return Err(Failure::invalid(error.to_string()));
        }
        Ok(())
    }
}

/// What only the active node has.
struct Leading {
    key: JoinKey,
    seal_config: SealConfig,
    cluster_id: String,
}

impl Leading {
    fn of(node: &Node) -> Result<Self, Failure> {
        match &*node.phase() {
            Phase::Uninitialized => {
                return Err(Failure::Unavailable(
                    "this node is not initialized: run \"operator init\" on one node, and let the others join that one"
                        .to_owned(),
                ));
            }
            Phase::Joining(_) => {
                return Err(Failure::Unavailable("this node is itself still joining a cluster".to_owned()));
            }
            Phase::Removed => {
                return Err(Failure::Unavailable("this node was removed from its cluster".to_owned()));
            }
            Phase::Sealed | Phase::Standby(_) | Phase::Active(_) => {}
        }
        let active = node.require_active()?;
        let record = node.store().get(UNSEAL_KEY_PATH)?.ok_or_else(|| {
            Failure::Unavailable(
                "the unseal key is not kept behind the barrier, so that joining nodes can't be proved: run \"operator \
                 rekey\" once"
                    .to_owned(),
            )
        })?;
        let key = JoinKey::behind(&active.barrier, &record.value).map_err(Failure::internal)?;
        let card = node.cluster().cluster_card().ok_or_else(no_cluster)?;
        let seal_config = node.seal_config().ok_or(Failure::Uninitialized)?;
        Ok(Self { key, seal_config, cluster_id: hex::encode(card.cluster_id) })
    }
}

fn no_cluster() -> Failure {
    Failure::Unavailable("this node keeps its data in memory alone and has no cluster to join".to_owned())
}

fn unix(node: &Node) -> u64 {
    u64::try_from(node.clock().now().unix()).unwrap_or(0)
}
