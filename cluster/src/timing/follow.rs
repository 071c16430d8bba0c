//! The leader records the timing, every member follows: those first whose patience grows, and the leader first where
//! its beat quickens, so that no change looks like a leader that is gone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coffer_model::Revision;
use openraft::async_runtime::WatchReceiver;

use super::Timing;
use super::choice::{Chooser, Measured, suits};
use super::record::{KEY, TimingRecord};
use crate::cluster::Shared;
use crate::pulse::FRESH;

const CHECK_EVERY: Duration = Duration::from_millis(500);
/// Between two members that change.
const STAGGER: Duration = Duration::from_millis(300);
/// Those that must go first are waited for no longer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn run(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(CHECK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut chooser = Chooser::default();
    let mut change: Option<(Timing, Instant)> = None;
    loop {
        tokio::select! {
            () = shared.closing() => return,
            _ = ticks.tick() => {}
        }
        if shared.leadership.is_ready() {
            record(&shared, &mut chooser).await;
        } else {
            chooser = Chooser::default();
        }
        let wanted = shared.recorded_timing().0.map(|record| record.timing).unwrap_or_default();
        if wanted == shared.timing.in_force() {
            change = None;
            continue;
        }
        let since = match change {
            Some((to, since)) if to == wanted => since,
            _ => {
                let now = Instant::now();
                change = Some((wanted, now));
                now
            }
        };
        if is_due(&shared, wanted, since.elapsed()) {
            shared.timing.want(wanted);
        }
    }
}

impl Shared {
    /// What is recorded, and when it was.
    pub(crate) fn recorded_timing(&self) -> (Option<TimingRecord>, Option<Revision>) {
        // A store that can't be read has ended the node.
        let found = self.stores.state.get(KEY).ok().flatten();
        let revision = found.as_ref().and_then(|found| Revision::new(found.revision));
        (found.and_then(|found| TimingRecord::decode(&found.value)), revision)
    }

    /// Whether a member at its distance can follow this leader with the timing in force: before that it must not vote.
    pub(crate) fn timing_suits(&self, raft_id: u64) -> bool {
        let distance = self.pulse.look(|table| table.get(raft_id)?.shortest_round_trip());
        distance.is_some_and(|distance| suits(self.timing.in_force(), distance))
    }
}

/// On the leader: brings the record in line with what is set or measured.
async fn record(shared: &Shared, chooser: &mut Chooser) {
    let (recorded, revision) = shared.recorded_timing();
    let current = recorded.map(|record| record.timing).unwrap_or_default();
    let measured = shared.measured();
    let wanted = match shared.multiplier_in_force(recorded.and_then(|record| record.multiplier)) {
        Some(multiplier) => {
            TimingRecord { timing: Timing::multiplied(multiplier).max(measured.least()), multiplier: Some(multiplier) }
        }
        None => TimingRecord {
            timing: chooser.choose(Instant::now(), current, measured).unwrap_or(current),
            multiplier: None,
        },
    };
    if recorded == Some(wanted) || (recorded.is_none() && wanted == TimingRecord::default()) {
        return;
    }
    // One that failed is made again at the next turn.
    if shared.commit(wanted.command(revision)).await.is_ok() && wanted.timing != current {
        tracing::info!(
            heartbeat_ms = wanted.timing.heartbeat(),
            before_ms = current.heartbeat(),
            distance_ms = measured.distance.as_millis(),
            round_trip_ms = measured.round_trip.as_millis(),
            sync_ms = measured.sync.as_millis(),
            multiplier = wanted.multiplier,
            "the cluster's timing changes"
        );
    }
}

impl Shared {
    fn measured(&self) -> Measured {
        let now = Instant::now();
        let own = Measured { sync: self.stores.log.sync_time(), ..Measured::default() };
        self.pulse.look(|table| {
            table.iter().filter(|(_, known)| known.is_fresh(now, FRESH)).fold(own, |slowest, (_, known)| Measured {
                distance: slowest.distance.max(known.distance().unwrap_or_default()),
                round_trip: slowest.round_trip.max(known.most_round_trip().unwrap_or_default()),
                sync: slowest.sync.max(known.told.sync),
            })
        })
    }

    /// The highest that a member has set; what was recorded stays while somebody who may have set it is silent.
    fn multiplier_in_force(&self, recorded: Option<u32>) -> Option<u32> {
        let now = Instant::now();
        self.pulse.look(|table| {
            let told = table.iter().filter(|(_, known)| known.is_fresh(now, FRESH));
            let highest = told.filter_map(|(_, known)| known.told.multiplier).chain(self.pulse.own_multiplier()).max();
            let is_somebody_silent = table.iter().any(|(_, known)| !known.is_fresh(now, FRESH));
            if is_somebody_silent { highest.max(recorded) } else { highest }
        })
    }
}

/// Whether it is this node's turn to change, this long after the change was recorded.
fn is_due(shared: &Shared, wanted: Timing, waited: Duration) -> bool {
    let (leader, members) = {
        let raft = shared.raft.load();
        let watched = raft.server_metrics();
        let metrics = watched.borrow_watched();
        let members: Vec<u64> = metrics.membership_config.nodes().map(|(raft_id, _)| *raft_id).collect();
        (metrics.current_leader, members)
    };
    let own = shared.identity.raft_id;
    let place = members.iter().filter(|raft_id| **raft_id < own).count();
    let turn = STAGGER * u32::try_from(place).unwrap_or(0);
    let is_longer = wanted > shared.timing.in_force();
    let now = Instant::now();
    let has_changed = |raft_id: u64| {
        shared.pulse.look(|table| {
            table
                .get(raft_id)
                .is_none_or(|known| !known.is_fresh(now, FRESH) || known.told.heartbeat == wanted.heartbeat())
        })
    };
    match (leader == Some(own), is_longer) {
        (true, true) => waited >= PATIENCE || members.into_iter().all(|id| id == own || has_changed(id)),
        (true, false) => true,
        (false, true) => waited >= turn,
        (false, false) => waited >= PATIENCE + turn || (waited >= turn && leader.is_none_or(has_changed)),
    }
}
