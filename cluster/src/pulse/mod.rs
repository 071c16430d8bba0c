//! The pulse: every member asks every other about once a second how it is, and tells how it is itself.
//!
//! Who may stand for election, who should lead, the cluster's timing and level, and all that is shown of the members
//! rest on it. Raft's safety does not.

mod message;
mod table;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use coffer_model::{NodeCondition, PeerIdentity, PeerState, Topic};
use openraft::async_runtime::WatchReceiver;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::cluster::Shared;

pub(crate) use message::{Addresses, Told};
pub(crate) use table::Table;

/// Between two rounds.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_millis(900);
/// A member that was not heard from for this long counts as gone.
pub(crate) const FRESH: Duration = Duration::from_millis(2500);

/// What this node tells of itself besides Raft's numbers, and what the others told.
#[derive(Debug)]
pub(crate) struct Pulse {
    own: Mutex<Own>,
    table: Mutex<Table>,
    /// Wakes the next round before its time.
    at_once: Notify,
    /// Counts what is heard.
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Own {
    condition: NodeCondition,
    priority: Option<u32>,
    multiplier: Option<u32>,
    /// It stepped down and leaves the lead to others until then.
    rests_until: Option<Instant>,
}

impl Pulse {
    pub(crate) fn new(priority: Option<u32>, multiplier: Option<u32>) -> Self {
        Self {
            own: Mutex::new(Own { priority, multiplier, ..Own::default() }),
            table: Mutex::default(),
            at_once: Notify::new(),
            news: watch::Sender::new(0),
        }
    }

    /// Tells it to the others at once when it changed.
    pub(crate) fn set_condition(&self, condition: NodeCondition) {
        let is_news = {
            let mut own = self.own.lock();
            let is_news = own.condition != condition;
            own.condition = condition;
            is_news
        };
        if is_news {
            self.push();
            self.has_news();
        }
    }

    pub(crate) fn own_multiplier(&self) -> Option<u32> {
        self.own.lock().multiplier
    }

    /// From now on the lead is left to others for this long, where another can have it.
    pub(crate) fn rest(&self, time: Duration) {
        self.own.lock().rests_until = Instant::now().checked_add(time);
        self.push();
    }

    /// Begins a round at once.
    pub(crate) fn push(&self) {
        self.at_once.notify_one();
    }

    /// Changes with everything heard, and with this node's own condition.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(crate) fn peers(&self) -> Vec<PeerState> {
        let now = Instant::now();
        self.table.lock().iter().map(|(_, known)| known.state(now)).collect()
    }

    /// A look at what is known of the others.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Table) -> T) -> T {
        look(&self.table.lock())
    }

    fn has_news(&self) {
        self.news.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Shared {
    /// This node, as it tells the others.
    pub(crate) fn told(&self) -> Told {
        let (term, leader) = {
            let raft = self.raft.load();
            let watched = raft.server_metrics();
            let metrics = watched.borrow_watched();
            (metrics.vote.leader_id.term, metrics.current_leader)
        };
        let (room, disk, disk_unfit) = (self.disk_room(), self.disk_space(), self.disk_unfit());
        let own = self.pulse.own.lock();
        let mut condition = own.condition.clone();
        condition.unfit = condition.unfit.or(disk_unfit);
        Told {
            condition,
            priority: own.priority,
            term,
            last: self.stores.log.bounds().last,
            applied_index: self.stores.state.committed().applied.map_or(0, |applied| applied.index),
            certificate_expires: self.transport.own_certificate_ends(),
            level: self.level.own(),
            disk,
            room,
            heartbeat: self.timing.in_force().heartbeat(),
            multiplier: own.multiplier,
            sync: self.stores.log.sync_time(),
            resting: own.rests_until.map(|until| until.saturating_duration_since(Instant::now())).unwrap_or_default(),
            leader,
            addresses: Addresses {
                cluster: self.own_node.cluster_address.clone(),
                api: self.own_node.api_address.clone(),
            },
        }
    }

    /// Answers another member's pulse; `Err` for bytes that are none.
    pub(crate) fn answer_pulse(&self, from: &PeerIdentity, question: &[u8]) -> Result<Bytes, String> {
        let told = Told::decode(question).ok_or("these bytes are no pulse that this release can read")?;
        let is_member = self.pulse.table.lock().asked_by(from.raft_id, told, (Instant::now(), SystemTime::now()));
        if is_member {
            self.pulse.has_news();
        }
        Ok(self.told().encode().into())
    }

    /// The members besides this one: Raft's number and name.
    fn others(&self) -> Vec<(u64, String)> {
        let raft = self.raft.load();
        let watched = raft.server_metrics();
        let metrics = watched.borrow_watched();
        let members = metrics.membership_config.nodes();
        members
            .filter(|(raft_id, _)| **raft_id != self.identity.raft_id)
            .map(|(raft_id, node)| (*raft_id, node.node_id.clone()))
            .collect()
    }
}

/// Asks all others, once an interval and whenever something is to be told at once.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let has_news = tokio::select! {
            () = shared.closing() => return,
            _ = ticks.tick() => false,
            () = shared.pulse.at_once.notified() => true,
        };
        let asked = {
            let mut table = shared.pulse.table.lock();
            table.keep_members(&shared.others());
            table.begin_round(has_news)
        };
        for (raft_id, _) in asked {
            shared.tasks.spawn(ask(Arc::clone(&shared), raft_id));
        }
    }
}

async fn ask(shared: Arc<Shared>, raft_id: u64) {
    let begun = Instant::now();
    let question = shared.told().encode();
    let answer = tokio::select! {
        () = shared.closing() => return,
        answer = shared.transport.ask_member(raft_id, Topic::PULSE, &question, PATIENCE) => answer,
    };
    let told = answer.ok().and_then(|answer: Bytes| Told::decode(&answer)).map(|told| (told, begun.elapsed()));
    let is_news = told.is_some();
    let again = shared.pulse.table.lock().answered(raft_id, told, (Instant::now(), SystemTime::now()));
    if again {
        shared.pulse.push();
    }
    if is_news {
        shared.transport.warm(raft_id);
        shared.pulse.has_news();
    }
}
