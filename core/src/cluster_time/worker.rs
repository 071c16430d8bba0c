//! Asking the voters for their clocks, beginning to lead, and the marks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer_model::{Store, Topic};
use tokio::task::JoinSet;

use super::reckoning::{Correction, Readings, begin};
use super::running::Running;
use super::{ALARM, ClusterTime, MARK_EVERY, mark};
use crate::Timestamp;
use crate::active::Active;
use crate::clock::Clock;
use crate::lifecycle::Node;

/// How long a voter may take to tell its clock.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a new leader waits for the rest once a majority has told: requests wait for it, and one voter may be dead.
const GRACE: Duration = Duration::from_millis(25);

/// Rounds of questions before a new leader begins without a majority's clocks. A majority has just said that it leads.
const ROUNDS: usize = 3;

/// How often a clock that is wrong is told of.
const REMIND: Duration = Duration::from_secs(600);

impl ClusterTime {
    /// A mark was applied, or the whole state replaced.
    pub(crate) fn mark_applied(&self, store: &dyn Store) {
        match mark::read(store) {
            Ok(Some(time)) => self.marks.lock().saw(time, self.machine.steady()),
            Ok(None) => {}
            Err(error) => tracing::error!("the replicated time can't be read: {error}"),
        }
    }

    /// Takes the time for a node that begins to lead.
    pub(crate) async fn begin(&self, node: &Node) {
        if !self.marks.lock().are_live(self.machine.steady()) {
            for _ in 0..ROUNDS {
                let readings = self.ask_all(node, GRACE).await;
                if let Some(reached) = readings.reached() {
                    return self.begin_at(Some(reached));
                }
            }
            tracing::error!("a majority of the voters did not tell its clocks: time goes on from the last leader's");
        }
        self.begin_at(None);
    }

    fn begin_at(&self, reached: Option<Timestamp>) {
        let (own, steady) = (self.machine.now(), self.machine.steady());
        let (mark, live) = {
            let marks = self.marks.lock();
            (marks.highest(), marks.are_live(steady))
        };
        let begun = begin(own, mark, self.known(), live, reached);
        *self.running.lock() = Some(Running::from(begun, steady));
        let skew = begun.since(own).max(own.since(begun));
        if skew > ALARM {
            tracing::warn!(
                clock = own.rfc3339(),
                cluster = begun.rfc3339(),
                "this machine's clock differs from the cluster's time by {} s: the cluster's time is kept to",
                skew.as_secs()
            );
        }
    }

    /// The node does not lead any more.
    pub(crate) fn stop(&self) {
        if let Some(running) = self.running.lock().as_mut() {
            running.leads = false;
        }
    }

    /// The clocks of all voters; once a majority has told, the others are waited for no longer than `grace`.
    async fn ask_all(&self, node: &Node, grace: Duration) -> Readings {
        let own = node.cluster().own_card().raft_id;
        let voters: Vec<_> = node.cluster().status().members.into_iter().filter(|member| member.voter).collect();
        let mut asked = JoinSet::new();
        for voter in voters.iter().filter(|voter| voter.raft_id != own).cloned() {
            let (cluster, machine) = (Arc::clone(node.cluster()), Arc::clone(&self.machine));
            asked.spawn(async move {
                let begun = machine.steady();
                let answer = cluster.ask(&voter.node_id, Topic::CLOCK, Bytes::new(), PATIENCE).await.ok()?;
                let now = machine.steady();
                let told = std::str::from_utf8(&answer).ok()?.parse().ok().and_then(Timestamp::from_unix_nanos)?;
                // As it is now here: it was told half a round trip ago, as far as anybody knows.
                Some((voter.node_id, told.plus(now.saturating_sub(begun) / 2), now))
            });
        }
        let mut told = Vec::new();
        let mut patience = PATIENCE;
        while let Ok(Some(answer)) = tokio::time::timeout(patience, asked.join_next()).await {
            told.extend(answer.ok().flatten());
            if told.len() + 1 > voters.len() / 2 {
                patience = grace;
            }
        }
        let steady = self.machine.steady();
        let mut clocks: Vec<_> = told.iter().map(|(_, clock, at)| clock.plus(steady.saturating_sub(*at))).collect();
        clocks.push(self.machine.now());
        Readings { clocks, voters: voters.len().max(1) }
    }

    fn correct(&self, readings: &Readings) {
        let steady = self.machine.steady();
        let mut running = self.running.lock();
        let Some(running) = running.as_mut() else { return };
        let time = running.at(steady);
        match self.reckoning.lock().correct(time, readings, steady) {
            Correction::Rate(rate) => running.set_rate(rate, steady),
            Correction::Forward(to) => {
                tracing::warn!(
                    from = time.rfc3339(),
                    to = to.rfc3339(),
                    "the clocks of a majority of the voters are ahead of the cluster's time: it jumps forward to them"
                );
                running.forward(to, steady);
            }
        }
    }
}

/// Has the time replicated and looks whether it is right, as long as the node leads; to be run as a task.
pub(crate) async fn keep(node: Arc<Node>, active: Arc<Active>) {
    let mut tick = tokio::time::interval(MARK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let time = node.cluster_time();
        match mark::write(time.now()) {
            Ok(command) => {
                if let Err(error) = active.store.commit(command).await {
                    tracing::warn!("the time could not be replicated: {error}");
                }
            }
            Err(failure) => tracing::error!("the time could not be written: {failure}"),
        }
        let readings = time.ask_all(&node, PATIENCE).await;
        time.correct(&readings);
    }
}

/// Tells when this machine's clock is wrong, whatever the node is; to be run as a task.
pub(crate) async fn watch_skew(node: Arc<Node>) {
    let mut tick = tokio::time::interval(MARK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told: Option<std::time::Instant> = None;
    loop {
        tick.tick().await;
        let skew = node.cluster_time().skew_seconds().unwrap_or(0.0);
        if skew.abs() <= ALARM.as_secs_f64() {
            told = None;
        } else if told.is_none_or(|told| told.elapsed() > REMIND) {
            told = Some(std::time::Instant::now());
            let (by, way) = (skew.abs().round(), if skew > 0.0 { "ahead of" } else { "behind" });
            tracing::warn!("this machine's clock is {by} s {way} the cluster's time: set it right");
        }
    }
}

impl Node {
    /// This machine's calendar clock, for another member.
    pub(crate) fn answer_clock(&self) -> Bytes {
        Bytes::from(self.clock().now().unix_nanos().to_string())
    }
}
