//! Who leads: which members may stand for election, and when the leader hands over.
//!
//! Raft elects any member with a full log. Here it is seen to that a sealed one leads only while no unsealed one can, that
//! the lead goes to the healthy member with the highest `leader_priority` when things are stable, and away from one that
//! should not have it.

mod choice;
mod death;
mod hand_over;
mod rank;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use openraft::Instant as _;
use openraft::async_runtime::WatchReceiver;
use parking_lot::Mutex;

use crate::cluster::Shared;
use crate::pulse::FRESH;
use choice::{Candidate, Incumbent, Motive};
use rank::Rank;
use standing::{Own, Rival};

/// Entries that a member may be behind and count as caught up: fewer than a busy leader has under way.
const CAUGHT_UP: u64 = 512;
/// A member whose last answer to the leader is older is not caught up.
const ACKED_WITHIN: Duration = Duration::from_secs(2);
/// Between two looks, where nothing is heard.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A member to which a hand-over failed is not tried again for this long; doubled with every failure.
const FIRST_BACKOFF: Duration = Duration::from_secs(10);
const LAST_BACKOFF: Duration = Duration::from_secs(600);

/// What is remembered of hand-overs.
#[derive(Debug, Default)]
pub(crate) struct Leading {
    /// One hand-over at a time.
    turn: tokio::sync::Mutex<()>,
    failures: Mutex<BTreeMap<u64, Failure>>,
    /// Since when a member has been able to take the lead.
    ready_since: Mutex<BTreeMap<u64, Instant>>,
    /// A leader that was found dead, until there is another.
    dead_leader: Mutex<Option<u64>>,
    looking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug)]
struct Failure {
    until: Instant,
    backoff: Duration,
}

impl Leading {
    fn failed(&self, raft_id: u64) {
        let now = Instant::now();
        let mut failures = self.failures.lock();
        let backoff = failures.get(&raft_id).map_or(FIRST_BACKOFF, |last| (last.backoff * 2).min(LAST_BACKOFF));
        failures.insert(raft_id, Failure { until: now + backoff, backoff });
    }

    fn succeeded(&self, raft_id: u64) {
        self.failures.lock().remove(&raft_id);
    }

    fn has_failed(&self, raft_id: u64, now: Instant) -> bool {
        self.failures.lock().get(&raft_id).is_some_and(|failure| failure.until > now)
    }
}

/// The leader's view of itself and of those who could take over.
struct LeaderView {
    incumbent: Incumbent,
    candidates: Vec<Candidate>,
    voters: usize,
}

/// Decides again and again whether this node may stand for election.
pub(crate) async fn stand(shared: Arc<Shared>) {
    let mut leaderless_since = None;
    loop {
        let raft = shared.raft.load_full();
        let mut server = raft.server_metrics();
        // A receiver that was just made has seen nothing yet, and would wake at once for what is looked at now.
        let _ = server.changed().now_or_never();
        let mut news = shared.pulse.news();
        raft.runtime_config().elect(shared.may_stand(&mut leaderless_since));
        drop(raft);
        tokio::select! {
            () = shared.closing() => return,
            // A core that died changes no more: the next one is looked at in a while.
            Ok(()) = server.changed() => {}
            _ = news.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// On the leader: hands over where somebody else should lead.
pub(crate) async fn lead(shared: Arc<Shared>) {
    loop {
        let mut news = shared.pulse.news();
        if let Some((target, motive)) = shared.due_hand_over() {
            let _turn = shared.leading.turn.lock().await;
            shared.announce(target, motive);
            if let Err(reason) = shared.hand_over(target).await {
                tracing::warn!(reason, "leadership could not be handed over");
            }
        }
        tokio::select! {
            () = shared.closing() => return,
            _ = news.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

impl Shared {
    fn may_stand(&self, leaderless_since: &mut Option<Instant>) -> bool {
        let now = Instant::now();
        let own = self.identity.raft_id;
        let (leader, voters) = {
            let raft = self.raft.load();
            let watched = raft.server_metrics();
            let metrics = watched.borrow_watched();
            let voters: Vec<u64> = metrics.membership_config.voter_ids().collect();
            (metrics.current_leader, voters)
        };
        let told = self.told();
        let is_led = leader.is_some_and(|leader| {
            leader == own
                || !self.is_dead(leader)
                    && self.pulse.look(|table| table.get(leader).is_some_and(|known| known.is_fresh(now, FRESH)))
        });
        if is_led {
            *leaderless_since = None;
        } else {
            leaderless_since.get_or_insert(now);
        }
        let timing = self.timing.in_force();
        let lease = Duration::from_millis(timing.election_max());
        let this = Own {
            is_voter: voters.contains(&own) && !self.upkeep.is_removed(),
            is_sole: voters == [own],
            rank: Rank::of(&told),
            is_resting: !told.resting.is_zero(),
            last: told.last,
            is_new: self.timing.core_age() < lease,
            leaderless: leaderless_since.map(|since| now.saturating_duration_since(since)),
        };
        let rivals: Vec<Rival> = self.pulse.look(|table| {
            let voters = table.iter().filter(|(raft_id, _)| voters.contains(raft_id));
            let heard = voters.filter(|(raft_id, known)| known.is_fresh(now, FRESH) && !self.is_dead(*raft_id));
            heard
                .map(|(_, known)| Rival {
                    rank: Rank::of(&known.told),
                    is_resting: !known.told.resting.is_zero(),
                    last: known.told.last,
                })
                .collect()
        });
        standing::may_stand(this, rivals, lease * 4 + Duration::from_secs(1))
    }

    /// To whom the lead should go now, and why.
    fn due_hand_over(&self) -> Option<(u64, Motive)> {
        let view = self.leader_view()?;
        choice::choose(view.incumbent, &view.candidates)
    }

    /// `None` on a node that does not lead.
    fn leader_view(&self) -> Option<LeaderView> {
        let leading_for = self.leadership.get()?.since.elapsed();
        let now = Instant::now();
        let own = self.identity.raft_id;
        let raft = self.raft.load();
        let watched = raft.metrics();
        let metrics = watched.borrow_watched();
        let (progress, acked) = (metrics.replication.as_ref()?, metrics.heartbeat.as_ref()?);
        let last = metrics.last_log_index.unwrap_or(0);
        let voters: Vec<u64> = metrics.membership_config.voter_ids().collect();
        let has_caught_up = |raft_id: &u64| {
            let at = progress.get(raft_id).and_then(|at| at.as_ref()).map_or(0, |at| at.index);
            let acked = acked.get(raft_id).and_then(|at| at.as_ref()).is_some_and(|at| at.elapsed() <= ACKED_WITHIN);
            acked && last.saturating_sub(at) <= CAUGHT_UP
        };
        let mut ready_since = self.leading.ready_since.lock();
        let candidates = self.pulse.look(|table| {
            let others = voters.iter().filter(|raft_id| **raft_id != own);
            let known = others.filter_map(|raft_id| table.get(*raft_id).map(|known| (*raft_id, known)));
            let able = known.filter(|(raft_id, known)| known.is_fresh(now, FRESH) && has_caught_up(raft_id));
            able.map(|(raft_id, known)| Candidate {
                raft_id,
                rank: Rank::of(&known.told),
                ready_for: now.saturating_duration_since(*ready_since.get(&raft_id).unwrap_or(&now)),
                is_resting: !known.told.resting.is_zero(),
                has_failed: self.leading.has_failed(raft_id, now),
            })
            .collect::<Vec<_>>()
        });
        ready_since.retain(|raft_id, _| candidates.iter().any(|candidate| candidate.raft_id == *raft_id));
        for candidate in &candidates {
            ready_since.entry(candidate.raft_id).or_insert(now);
        }
        let incumbent = Incumbent { rank: Rank::of(&self.told()), leading_for };
        Some(LeaderView { incumbent, candidates, voters: voters.len() })
    }

    fn announce(&self, target: u64, motive: Motive) {
        let to = self.pulse.look(|table| table.get(target).map(|known| known.node_id.clone())).unwrap_or_default();
        match (motive, self.told().condition.unfit) {
            (Motive::Unfit, Some(reason)) => tracing::warn!(to, reason, "leadership moves: {motive}"),
            _ => tracing::info!(to, "leadership moves: {motive}"),
        }
    }
}
