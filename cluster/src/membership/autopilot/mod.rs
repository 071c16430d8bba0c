//! Autopilot: the leader looks after the member list. It ends changes that were cut short, promotes learners that have
//! caught up, lets the next incarnation of a dead voter take its place, and removes dead members where it is told to.

mod health;
mod plan;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use coffer_model::{Autopilot, AutopilotConfig, AutopilotState, MembershipError, ServerHealth, ServerStatus};
use parking_lot::Mutex;

use self::health::{Memory, Seen};
use self::plan::{Step, View};
use super::list::{MemberList, majority};
use crate::Cluster;
use crate::cluster::Shared;
use crate::pulse::Addresses;

const CHECK_EVERY: Duration = Duration::from_millis(500);
/// A member that was not found where it says it is, is looked for again after this.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// After a step that failed.
const PAUSE: Duration = Duration::from_secs(3);

/// The right to change the member list, until it is dropped.
type Turn<'u> = tokio::sync::MutexGuard<'u, ()>;

/// What the upkeep of the member list holds besides the list itself. Nothing in it has to survive.
#[derive(Debug, Default)]
pub(crate) struct Upkeep {
    /// One change at a time.
    pub(crate) turn: tokio::sync::Mutex<()>,
    pub(crate) memory: Mutex<Memory>,
    /// This incarnation was removed from its cluster.
    is_removed: AtomicBool,
    /// Members that were looked for at other addresses, in vain: where, and when.
    unfound: Mutex<BTreeMap<u64, (Addresses, Instant)>>,
}

impl Upkeep {
    pub(crate) fn is_removed(&self) -> bool {
        self.is_removed.load(Ordering::Relaxed)
    }

    pub(crate) fn not_found(&self, id: u64, at: Addresses) {
        self.unfound.lock().insert(id, (at, Instant::now()));
    }

    /// Those that are not to be looked for again yet; one that tells other addresses is.
    fn unfound(&self, seen: &BTreeMap<u64, Seen>) -> BTreeSet<u64> {
        let mut unfound = self.unfound.lock();
        unfound.retain(|id, (at, since)| {
            seen.get(id).is_some_and(|seen| seen.told.addresses == *at) && since.elapsed() < LOOK_AGAIN
        });
        unfound.keys().copied().collect()
    }

    /// A member has said so, or the state does. True when this is news.
    pub(crate) fn set_removed(&self) -> bool {
        !self.is_removed.swap(true, Ordering::Relaxed)
    }
}

pub(crate) async fn run(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(CHECK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.closing() => return,
            _ = ticks.tick() => {}
        }
        if !shared.upkeep.is_removed() && shared.was_removed(shared.identity.raft_id) && shared.upkeep.set_removed() {
            tracing::warn!("this node was removed from its cluster");
            shared.status_changed();
        }
        if !shared.leadership.is_ready() {
            continue;
        }
        // Changes that an operator asks for go first.
        let Ok(turn) = shared.upkeep.turn.try_lock() else { continue };
        let (list, Some(step)) = shared.next_step() else { continue };
        let taken = tokio::select! {
            () = shared.closing() => return,
            taken = shared.take(turn, &list, step.clone()) => taken,
        };
        if let Err(error) = taken {
            match &step {
                Step::Readdress(..) => {
                    tracing::warn!(%error, "a member tells other addresses, and stays listed as it was")
                }
                _ => {
                    tracing::warn!(%error, ?step, "the upkeep of the member list has not succeeded and is tried again")
                }
            }
            tokio::select! {
                () = shared.closing() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

impl Shared {
    fn next_step(&self) -> (MemberList, Option<Step>) {
        let list = self.member_list();
        let set = self.autopilot_set();
        let is_set = set.is_some();
        let config = set.unwrap_or_default();
        let seen = self.members_seen(&config, &list);
        let removed: BTreeSet<u64> = list.nodes.keys().copied().filter(|id| self.was_removed(*id)).collect();
        let unfound = self.upkeep.unfound(&seen);
        let Some(lead) = self.leadership.get() else { return (list, None) };
        let view = View {
            list: &list,
            seen: &seen,
            removed: &removed,
            unfound: &unfound,
            config: &config,
            is_set,
            own_id: self.identity.raft_id,
            leading_for: lead.since.elapsed(),
            now: Instant::now(),
        };
        let step = view.next_step();
        (list, step)
    }

    async fn take(&self, turn: Turn<'_>, list: &MemberList, step: Step) -> Result<(), MembershipError> {
        match step {
            Step::EndJoint => self.end_joint().await,
            Step::Drop(ids) => self.drop_members(&ids).await,
            Step::Readdress(id, node) => {
                // It looks for the member first, which takes time that nobody has to wait for.
                drop(turn);
                self.readdress(id, node).await
            }
            Step::Replace { old, new } => self.replace(old, new).await,
            Step::Promote(ids) => self.give_votes(ids).await,
            Step::CleanUp(id) => {
                let dead = BTreeSet::from([id]);
                self.check_departure(list, &dead, &format!("removing the dead member {}", list.names([id])))?;
                self.expel(list, &dead).await
            }
        }
    }

    /// Heard from lately enough to count on its vote.
    pub(crate) fn answers(&self, id: u64) -> bool {
        id == self.identity.raft_id
            || self
                .pulse
                .look(|table| table.get(id).is_some_and(|known| known.is_fresh(Instant::now(), crate::pulse::FRESH)))
    }

    pub(crate) fn autopilot_config(&self) -> AutopilotConfig {
        self.autopilot_set().unwrap_or_default()
    }

    fn autopilot_state(&self) -> AutopilotState {
        let list = self.member_list();
        let leader = self.leader_id();
        let seen = self.members_seen(&self.autopilot_config(), &list);
        let voters = list.voters();
        let healthy_voters = voters.iter().filter(|id| seen.get(id).is_some_and(|seen| seen.healthy)).count();
        let margin = i64::try_from(healthy_voters).unwrap_or(i64::MAX)
            - i64::try_from(majority(voters.len())).unwrap_or(i64::MAX);
        let mut servers: Vec<ServerHealth> = list
            .nodes
            .iter()
            .filter_map(|(id, node)| {
                let seen = seen.get(id)?;
                Some(ServerHealth {
                    node_id: node.node_id.clone(),
                    address: node.cluster_address.clone(),
                    status: match (Some(*id) == leader, voters.contains(id)) {
                        (true, _) => ServerStatus::Leader,
                        (false, true) => ServerStatus::Voter,
                        (false, false) => ServerStatus::NonVoter,
                    },
                    stays_non_voter: node.non_voter,
                    alive: seen.alive,
                    last_contact: seen.last_contact,
                    last_term: seen.told.term,
                    last_index: seen.told.last.map_or(0, |last| last.index),
                    healthy: seen.healthy,
                    stable_since: seen.since.map_or(std::time::SystemTime::UNIX_EPOCH, |(_, since)| since),
                    version: seen.told.condition.version.clone(),
                    unsealed: seen.last_contact.map(|_| seen.is_unsealed()),
                    unfit: seen.told.condition.unfit.clone(),
                    certificate_expires: seen.told.certificate_expires,
                    disk: seen.told.disk,
                })
            })
            .collect();
        servers.sort_by(|one, other| one.node_id.cmp(&other.node_id));
        AutopilotState {
            healthy: servers.iter().all(|server| server.healthy) && !servers.is_empty(),
            failure_tolerance: usize::try_from(margin).unwrap_or(0),
            quorum_margin: margin,
            servers,
        }
    }

    fn leader_id(&self) -> Option<u64> {
        use openraft::async_runtime::WatchReceiver;
        let raft = self.raft.load();
        let watched = raft.server_metrics();
        watched.borrow_watched().current_leader
    }
}

#[async_trait::async_trait]
impl Autopilot for Cluster {
    fn autopilot_state(&self) -> AutopilotState {
        self.shared.autopilot_state()
    }

    fn autopilot_config(&self) -> AutopilotConfig {
        self.shared.autopilot_config()
    }

    async fn set_autopilot_config(&self, config: AutopilotConfig) -> Result<(), MembershipError> {
        self.shared.must_lead()?;
        self.shared.record(record::command(&config)).await
    }
}
