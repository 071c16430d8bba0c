//! What an active node does of itself: expire leases, finish jobs that grow with the data, rotate a worn key.

use std::sync::Arc;
use std::time::Duration;

use coffer_model::CommitError;
use tokio::task::JoinSet;

use super::key_change::{self, Upgrades};
use super::node::Node;
use crate::active::Active;
use crate::{Failure, cluster_time, interchange, snapshot};

/// Leases ended by one entry.
const BATCH: usize = 128;

/// Longest sleep: the cluster's time may jump forward meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How long to wait after a failure before the next try.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the barrier's use is written down and its age looked at.
const KEY_CHECK: Duration = Duration::from_secs(300);

/// The running tasks; dropping it ends them.
pub(super) struct Workers {
    _tasks: JoinSet<()>,
}

impl Workers {
    pub(super) fn start(node: &Arc<Node>, active: &Arc<Active>) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(cluster_time::keep(Arc::clone(node), Arc::clone(active)));
        tasks.spawn(expire(Arc::clone(active)));
        tasks.spawn(rotate(Arc::clone(active)));
        tasks.spawn(snapshot::take_automatically(Arc::clone(active)));
        tasks.spawn(index_leases(Arc::clone(active)));
        tasks.spawn(super::mount_work::run(Arc::clone(active)));
        tasks.spawn(super::mount_work::tidy(Arc::clone(active)));
        Self { _tasks: tasks }
    }
}

/// Only a state that was restored from elsewhere has leases without their place in the index.
async fn index_leases(active: Arc<Active>) {
    loop {
        match interchange::index_leases(&active).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => return,
            Err(failure) => {
                tracing::warn!("the leases of a restored state could not be put in order yet, trying again: {failure}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn expire(active: Arc<Active>) {
    loop {
        let woken = active.leases.woken();
        match step(&active).await {
            Ok(Step::More) => tokio::task::yield_now().await,
            Ok(Step::Until(pause)) => {
                let _ = tokio::time::timeout(pause.min(LOOK_AGAIN), woken).await;
            }
            Err(failure) => {
                tracing::warn!("leases could not be expired, trying again: {failure}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

enum Step {
    More,
    Until(Duration),
}

async fn step(active: &Arc<Active>) -> Result<Step, Failure> {
    let now = active.now();
    let mut tx = active.transaction();
    let _timed = active.local.telemetry.lease_expire.timer();
    let done = active.leases.work(&mut tx, active, now, BATCH)?;
    let command = tx.into_command()?;
    if !command.is_empty() {
        match active.store.commit(command).await {
            // A request got there first; look again.
            Ok(_) | Err(CommitError::Conflict { .. }) => return Ok(Step::More),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(match done {
        crate::lease::NextWork::Now => Step::More,
        crate::lease::NextWork::At(due) => Step::Until(due.since(now)),
        crate::lease::NextWork::Never => Step::Until(Duration::from_secs(3600)),
    })
}

async fn rotate(active: Arc<Active>) {
    let mut tick = tokio::time::interval(KEY_CHECK);
    tick.tick().await;
    let mut upgrades = Upgrades::default();
    let mut handover = snapshot::Handover::default();
    loop {
        tick.tick().await;
        if let Err(failure) = check_key(&active).await {
            tracing::warn!("the encryption key could not be looked after: {failure}");
        }
        if let Err(failure) = upgrades.clear(&active).await {
            tracing::warn!("what is left of a rotation could not be removed: {failure}");
        }
        if let Err(failure) = handover.clear(&active).await {
            tracing::warn!("what is left of a restore could not be removed: {failure}");
        }
    }
}

async fn check_key(active: &Arc<Active>) -> Result<(), Failure> {
    let now = active.now();
    let planned = match active.barrier.rotation_due(now.into()) {
        Some(reason) => {
            tracing::info!(?reason, "rotating the encryption key");
            Some(active.barrier.plan_rotation(now.into()).map_err(Failure::internal)?)
        }
        None => active.barrier.plan_encryption_count().map_err(Failure::internal)?,
    };
    let Some(change) = planned else { return Ok(()) };
    key_change::store(active, &change).await?;
    active.barrier.install(change);
    Ok(())
}
