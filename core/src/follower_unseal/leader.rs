//! The node that operators unsealed: asks all voters whether they are sealed, opens the ceremony, and answers those who
//! want to be opened.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use coffer_model::{ClusterStatus, CommitError, Member, NodeRole, PeerIdentity, Topic};
use tokio::task::JoinSet;

use super::ceremony::{Asked, Refusal};
use super::message::{self, Context, SealStateAnswer, ToldState, UnsealAnswer, UnsealQuestion};
use super::record::{self, EpochRecord, RosterEntry};
use super::{FollowerUnsealPolicy, Followers, audit};
use crate::Failure;
use crate::active::Active;
use crate::lifecycle::Node;

/// What a round of questions came to.
enum Round {
    /// Every other voter is sealed; these may be opened.
    AllSealed(Vec<RosterEntry>),
    /// Not every voter has answered.
    NotYet(String),
    /// This was no restart of all voters.
    Never(String),
}

impl Node {
    /// Shares have unsealed this node: opens the others once all of them have said that they are sealed.
    pub(crate) fn begin_opening_followers(self: &Arc<Self>, followers: Followers) {
        let turn = self.follower_unseal().ceremony.lock().begin();
        let voters: BTreeSet<u64> = other_voters(self).into_iter().map(|member| member.raft_id).collect();
        if voters.is_empty() {
            return;
        }
        if self.settings().follower_unseal == FollowerUnsealPolicy::Off {
            tracing::info!("follower_unseal is off: the other nodes are unsealed with shares");
            return;
        }
        if followers == Followers::StaySealed {
            tracing::info!("as asked with the last share, the other nodes are left sealed");
            return;
        }
        let node = Arc::clone(self);
        tokio::spawn(async move {
            match node.open_ceremony(turn, &voters).await {
                Ok(term) => node.close_in_time(turn, term).await,
                Err(reason) => {
                    tracing::info!("the other nodes are to be unsealed with shares: {reason}");
                    node.end_turn(turn);
                }
            }
        });
    }

    /// Asks all voters until all have answered; gives the term in which the ceremony is open.
    async fn open_ceremony(self: &Arc<Self>, turn: u64, voters: &BTreeSet<u64>) -> Result<u64, String> {
        let timings = self.follower_unseal().timings;
        let give_up = Instant::now() + timings.window;
        let mut told = String::new();
        loop {
            if !self.follower_unseal().ceremony.lock().is_turn(turn) {
                return Err("this node was sealed, or unsealed anew".to_owned());
            }
            // Asked before this node leads as well: one that is open now, and restarted by the time that it does, was
            // restarted alone.
            let reason = match (self.ask_all(voters).await, self.active()) {
                (Round::AllSealed(roster), Some(active)) => match self.open(&active, turn, roster).await {
                    Ok(term) => return Ok(term),
                    Err(failure) => failure.to_string(),
                },
                (Round::AllSealed(_), None) => "this node does not lead yet".to_owned(),
                (Round::Never(reason), _) => return Err(reason),
                (Round::NotYet(reason), _) => reason,
            };
            if Instant::now() >= give_up {
                return Err(format!("{reason}, for {} minutes", timings.window.as_secs() / 60));
            }
            if reason != told {
                tracing::info!("the other nodes cannot be opened yet: {reason}");
                told = reason;
            }
            tokio::time::sleep(timings.pause).await;
        }
    }

    async fn ask_all(&self, voters: &BTreeSet<u64>) -> Round {
        let epoch = match record::epoch(self.store().as_ref()) {
            Ok(epoch) => epoch,
            Err(error) => return Round::Never(error.to_string()),
        };
        let members = other_voters(self);
        if let Some(new) = members.iter().find(|member| !voters.contains(&member.raft_id)) {
            return Round::Never(format!("{} became a voter after this node was unsealed", new.node_id));
        }
        let mut asked = JoinSet::new();
        for member in members {
            let (cluster, patience) = (Arc::clone(self.cluster()), self.follower_unseal().timings.patience);
            asked.spawn(async move {
                let answer = cluster.ask(&member.node_id, Topic::SEAL_STATE, Bytes::new(), patience).await;
                let answer = answer.map_err(|error| error.to_string());
                let from = PeerIdentity { node_id: member.node_id.clone(), raft_id: member.raft_id };
                let answer = answer.and_then(|bytes| message::decode::<SealStateAnswer>(&from, &bytes));
                (member, answer)
            });
        }
        let mut roster = Vec::new();
        let mut missing = None;
        while let Some(answered) = asked.join_next().await {
            let Ok((member, answer)) = answered else { continue };
            match answer {
                Ok(SealStateAnswer { state: ToldState::Unsealed, .. }) => {
                    return Round::Never(format!("{} is not sealed, so not all nodes were restarted", member.node_id));
                }
                Ok(answer) if answer.epoch != epoch => {
                    missing = Some(format!("{} has not caught up with the log", member.node_id));
                }
                Ok(SealStateAnswer { state: ToldState::Sealed { boot_id, key }, .. }) => {
                    roster.push(RosterEntry { node_id: member.node_id, raft_id: member.raft_id, boot_id, key });
                }
                Ok(SealStateAnswer { state: ToldState::SealedForGood, .. }) => {}
                Err(reason) => missing = Some(reason),
            }
        }
        match missing {
            Some(reason) => Round::NotYet(reason),
            None if roster.is_empty() => Round::Never("none of them wants to be opened".to_owned()),
            None => {
                roster.sort_by_key(|entry| entry.raft_id);
                Round::AllSealed(roster)
            }
        }
    }

    async fn open(&self, active: &Active, turn: u64, roster: Vec<RosterEntry>) -> Result<u64, Failure> {
        let status = self.cluster().status();
        let (before, stored) = record::read(self.store().as_ref())?;
        let record = EpochRecord {
            epoch: before.map_or(0, |record| record.epoch) + 1,
            leader: status.node_id.clone(),
            leader_raft_id: self.cluster().own_card().raft_id,
            opened_at: active.now(),
            roster,
        };
        let command = record.open(self.store().as_ref(), stored.as_ref())?;
        audit::opened(active, &record).await?;
        let names: Vec<_> = record.roster.iter().map(|entry| entry.node_id.clone()).collect();
        let number = record.epoch;
        // Open before anybody can know of it.
        if !self.open_turn(turn, record, status.term) {
            return Err(Failure::Unavailable("this node was sealed".to_owned()));
        }
        match self.store().commit(command).await {
            Ok(_) | Err(CommitError::Unknown) => {}
            Err(error) => return Err(error.into()),
        }
        tracing::info!(epoch = number, nodes = names.join(", "), "all voters are sealed: opening those that ask");
        Ok(status.term)
    }

    fn open_turn(&self, turn: u64, record: EpochRecord, term: u64) -> bool {
        let mut ceremony = self.follower_unseal().ceremony.lock();
        let good = ceremony.is_turn(turn);
        if good {
            ceremony.open(record, term, Instant::now() + self.follower_unseal().timings.window);
        }
        good
    }

    async fn close_in_time(&self, turn: u64, term: u64) {
        loop {
            tokio::time::sleep(self.follower_unseal().timings.pause).await;
            let leads = self.leads_in(term);
            let goes_on = self.follower_unseal().ceremony.lock().goes_on(term, Instant::now());
            if !leads || !goes_on {
                self.end_turn(turn);
                return;
            }
        }
    }

    fn end_turn(&self, turn: u64) {
        let mut ceremony = self.follower_unseal().ceremony.lock();
        if ceremony.is_turn(turn) {
            ceremony.close();
        }
    }

    fn leads_in(&self, term: u64) -> bool {
        let status: ClusterStatus = self.cluster().status();
        status.role == NodeRole::Leader && status.term == term && self.active().is_some()
    }

    /// Answers a sealed node that wants the root key.
    pub(super) async fn answer_unseal(&self, from: &PeerIdentity, question: &Bytes) -> Result<Bytes, String> {
        let question: UnsealQuestion = message::decode(from, question)?;
        let granted = self.grant(from, &question).await;
        let telemetry = &self.local().telemetry;
        match granted {
            Ok(answer) => {
                telemetry.follower_unsealed.one();
                tracing::info!(node = from.node_id, epoch = question.epoch, "opened a follower");
                message::encode(&answer)
            }
            Err(refusal) => {
                telemetry.follower_unseal_refused.one();
                match &refusal {
                    Refusal::Equivocation(_) => tracing::error!(node = from.node_id, "{refusal}"),
                    _ => tracing::warn!(node = from.node_id, "a follower was not opened: {refusal}"),
                }
                if let Some(active) = self.active() {
                    audit::refused(&active, from, question.epoch, &refusal.to_string()).await;
                }
                Err(follower_words(&refusal))
            }
        }
    }

    async fn grant(&self, from: &PeerIdentity, question: &UnsealQuestion) -> Result<UnsealAnswer, Refusal> {
        let unseal = self.follower_unseal();
        let term = self.cluster().status().term;
        let active = self.active().filter(|_| self.leads_in(term)).ok_or(Refusal::Closed)?;
        let interval = unseal.timings.request_interval;
        let asked = unseal.ceremony.lock().ask(from, question, term, Instant::now(), interval)?;
        let outcome = self.examine(&active, from, question, &asked, term).await;
        unseal.ceremony.lock().settle(from, outcome.as_ref().map(drop));
        outcome
    }

    async fn examine(
        &self,
        active: &Arc<Active>,
        from: &PeerIdentity,
        question: &UnsealQuestion,
        Asked { record, entry, repeated }: &Asked,
        term: u64,
    ) -> Result<UnsealAnswer, Refusal> {
        let unseal = self.follower_unseal();
        if self.ceremonies().rekey_status().is_some() {
            return Err(Refusal::Failed("a rekey is in progress".to_owned()));
        }
        if !repeated {
            // Another that asks in its name shows itself meanwhile.
            tokio::time::sleep(unseal.timings.hold).await;
        }
        self.look_back(from, entry).await?;
        unseal.ceremony.lock().still_good(from, term, Instant::now())?;
        audit::granting(active, record, entry).await.map_err(failed)?;
        if !repeated {
            self.note_grant(active, record, entry).await?;
        }
        // The seal may have come in between; the grant is spent then.
        unseal.ceremony.lock().still_good(from, term, Instant::now())?;
        let context = Context {
            protocol: 1,
            cluster_id: self.cluster_id_text(),
            leader: record.leader_raft_id,
            follower: from.raft_id,
            follower_name: &from.node_id,
            question,
        };
        let sealed = active.barrier.root_key_for(entry.key.0, &context.bytes()).map_err(failed)?;
        Ok(UnsealAnswer { sealed_root_key: hex::encode(sealed) })
    }

    async fn note_grant(&self, active: &Active, record: &EpochRecord, entry: &RosterEntry) -> Result<(), Refusal> {
        let command = record.grant(self.store().as_ref(), entry, active.now()).map_err(failed)?;
        match self.store().commit(command).await {
            Ok(_) => Ok(()),
            Err(CommitError::Conflict { .. }) => Err(Refusal::AlreadyGranted(entry.node_id.clone())),
            Err(error) => Err(failed(error)),
        }
    }

    /// Asks the member at the address that the cluster knows, whoever asked from wherever.
    async fn look_back(&self, from: &PeerIdentity, entry: &RosterEntry) -> Result<(), Refusal> {
        let patience = self.follower_unseal().timings.patience;
        let answer = self.cluster().ask(&from.node_id, Topic::SEAL_STATE, Bytes::new(), patience).await;
        let answer: SealStateAnswer = message::decode(from, &answer.map_err(failed)?).map_err(Refusal::Failed)?;
        match answer.state {
            ToldState::Sealed { boot_id, key } if boot_id == entry.boot_id && key == entry.key => Ok(()),
            ToldState::Sealed { .. } => Err(Refusal::Equivocation(from.node_id.clone())),
            ToldState::SealedForGood => Err(Refusal::Failed(format!("{} was sealed by command", from.node_id))),
            ToldState::Unsealed => Err(Refusal::Equivocation(from.node_id.clone())),
        }
    }

    pub(super) fn cluster_id_text(&self) -> String {
        self.cluster().cluster_card().map(|card| hex::encode(card.cluster_id)).unwrap_or_default()
    }
}

fn other_voters(node: &Node) -> Vec<Member> {
    let own = node.cluster().own_card().raft_id;
    let members = node.cluster().status().members;
    members.into_iter().filter(|member| member.voter && member.raft_id != own).collect()
}

/// What the node is told; it asks again where the reason may pass.
fn follower_words(refusal: &Refusal) -> String {
    if refusal.is_passing() { format!("{}{refusal}", super::follower::ASK_AGAIN) } else { refusal.to_string() }
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::Failed(error.to_string())
}
