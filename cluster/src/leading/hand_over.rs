//! Giving the lead to another voter, and seeing to it that it has it.

use std::time::Duration;

use coffer_model::{ControlError, Topic};
use openraft::async_runtime::WatchReceiver;
use tokio::time::{Instant, timeout_at};

use super::choice;
use crate::cluster::{Raft, Shared};
use crate::pulse::Told;

/// One that stepped down leaves the lead to others for this long, as in Vault.
const REST: Duration = Duration::from_secs(10);
/// How long a target that is slow may take, beyond the time after which members stand.
const OUTCOME_PATIENCE: Duration = Duration::from_secs(1);
/// One asked whether it can take over has this long.
const ASK_PATIENCE: Duration = Duration::from_millis(500);

impl Shared {
    /// Gives the lead to the fittest other voter that has caught up, and returns once it is given.
    pub(crate) async fn step_down(&self) -> Result<(), ControlError> {
        self.give_up_lead(false).await
    }

    /// As [`Shared::step_down`], also to a sealed member where there is no other: this node goes away.
    pub(crate) async fn leave_lead(&self) -> Result<(), ControlError> {
        self.give_up_lead(true).await
    }

    async fn give_up_lead(&self, at_any_price: bool) -> Result<(), ControlError> {
        let _turn = self.leading.turn.lock().await;
        let Some(view) = self.leader_view() else { return Err(ControlError::NotLeader) };
        let successors = choice::successors(&view.candidates, view.incumbent.rank, at_any_price);
        if successors.is_empty() {
            return Err(ControlError::Failed(self.nobody_else(&view)));
        }
        self.pulse.rest(REST);
        let mut tried = Vec::new();
        for target in successors {
            match self.hand_over(target).await {
                Ok(()) => return Ok(()),
                Err(reason) => tried.push(reason),
            }
            if self.leadership.get().is_none() {
                return Ok(());
            }
        }
        self.pulse.rest(Duration::ZERO);
        Err(ControlError::Failed(format!("no other node took the lead: {}", tried.join("; "))))
    }

    /// In words, why there is no successor.
    fn nobody_else(&self, view: &super::LeaderView) -> String {
        if view.voters <= 1 {
            return "there is no other voter to hand leadership to".to_owned();
        }
        let sealed = view.candidates.iter().filter(|candidate| !candidate.rank.is_unsealed).count();
        let behind = view.voters.saturating_sub(1).saturating_sub(view.candidates.len());
        format!(
            "no other voter can lead: {sealed} sealed, {behind} not heard from or not caught up. Unseal or start another \
             one first"
        )
    }

    /// Gives the lead to one voter; `Ok` once it, or another, leads.
    pub(super) async fn hand_over(&self, target: u64) -> Result<(), String> {
        let raft = self.raft.load_full();
        let name = self.name_of(target);
        let timing = self.timing.in_force();
        if let Err(reason) = self.ask_whether_ready(target, &name).await {
            self.leading.failed(target);
            return Err(reason);
        }
        let begun = Instant::now();
        tracing::debug!(to = name, "handing leadership over");
        raft.trigger().transfer_leader(target).await.map_err(|error| error.to_string())?;
        // The target waits for the last entries, then two rounds of messages. From here on this leader takes no more
        // entries: without an outcome members stand for election, and it may be elected again.
        let patience = OUTCOME_PATIENCE + Duration::from_millis(timing.election_max() * 2);
        if is_succeeded(self, &raft, begun + patience).await {
            self.leading.succeeded(target);
            tracing::info!(to = name, took_ms = begun.elapsed().as_millis(), "handed leadership over");
            Ok(())
        } else {
            self.leading.failed(target);
            Err(format!("{name:?} did not take over within {} ms", begun.elapsed().as_millis()))
        }
    }

    /// A hand-over to a member that does not answer would leave the cluster without a leader for an election's time.
    async fn ask_whether_ready(&self, target: u64, name: &str) -> Result<(), String> {
        let own_last = self.stores.log.bounds().last.map_or(0, |last| last.index);
        let answer = self.transport.ask(name, Topic::PULSE, &self.told().encode(), ASK_PATIENCE).await;
        let told = Told::decode(&answer.map_err(|error| error.to_string())?)
            .ok_or_else(|| format!("{name:?} answered with what is no pulse"))?;
        let behind = own_last.saturating_sub(told.last.map_or(0, |last| last.index));
        if told.leader != Some(self.identity.raft_id) {
            return Err(format!("{name:?} does not follow this node"));
        }
        if behind > super::CAUGHT_UP {
            return Err(format!("{name:?} is {behind} entries behind"));
        }
        tracing::debug!(target, behind, "a member can take the lead");
        Ok(())
    }

    fn name_of(&self, raft_id: u64) -> String {
        self.pulse.look(|table| table.get(raft_id).map(|known| known.node_id.clone())).unwrap_or_default()
    }
}

/// Whether another member leads before the deadline; false at once where this one was elected again.
async fn is_succeeded(shared: &Shared, raft: &Raft, deadline: Instant) -> bool {
    let own = shared.identity.raft_id;
    let mut server = raft.server_metrics();
    let given_up = server.borrow_watched().vote.leader_id.term;
    loop {
        let (leader, term) = {
            let metrics = server.borrow_watched();
            (metrics.current_leader, metrics.vote.leader_id.term)
        };
        match leader {
            Some(leader) if leader != own => return true,
            Some(_) if term > given_up => return false,
            Some(_) | None => {}
        }
        match timeout_at(deadline, server.changed()).await {
            Ok(Ok(())) => {}
            // The core is gone, and the lead with it.
            Ok(Err(_)) => return true,
            Err(_) => return false,
        }
    }
}
