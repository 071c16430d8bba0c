//! Work of mounts that outlasts a request, in bounded steps that survive a change of leader: clearing the storage of
//! those that are gone, upgrading the data of those that were changed.

use std::sync::Arc;
use std::time::Duration;

use coffer_model::CommitError;

use crate::active::Active;
use crate::mount::{Mounted, clearing};
use crate::{Context, Failure, Progress, Transaction};

/// Keys removed by one entry.
const BATCH: usize = 512;

/// How long to wait after a failure before the next try.
const PAUSE: Duration = Duration::from_secs(5);

/// From the beginning of a round of cleaning up to the next.
const TIDY_EVERY: Duration = Duration::from_secs(60);

pub(super) async fn run(active: Arc<Active>) {
    loop {
        let changed = active.mount_work.notified();
        match work(&active).await {
            Ok(()) => changed.await,
            Err(failure) => {
                tracing::warn!("the work of a mount is held up, trying again: {failure}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn work(active: &Arc<Active>) -> Result<(), Failure> {
    while step(active, |tx| clearing::step(tx, BATCH)).await? {}
    let mounts: Vec<_> = active.mounts.routing().iter().cloned().collect();
    for mounted in mounts {
        while step(active, |tx| advance(active, &mounted, tx)).await? {}
    }
    Ok(())
}

fn advance(active: &Arc<Active>, mounted: &Mounted, tx: &mut Transaction) -> Result<bool, Failure> {
    let mut cx = Context::new(tx, &mounted.mount, active.now(), active);
    Ok(mounted.backend.advance(&mut cx)? == Progress::More)
}

/// Has every mount clean up, once a round.
pub(super) async fn tidy(active: Arc<Active>) {
    let mut round = tokio::time::interval(TIDY_EVERY);
    round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        round.tick().await;
        let mounts: Vec<_> = active.mounts.routing().iter().cloned().collect();
        for mounted in mounts {
            if let Err(failure) = tidy_one(&active, &mounted).await {
                tracing::warn!(mount = mounted.mount.path, "a mount could not be cleaned up: {failure}");
            }
        }
    }
}

async fn tidy_one(active: &Arc<Active>, mounted: &Mounted) -> Result<(), Failure> {
    let one = |tx: &mut Transaction| {
        let mut cx = Context::new(tx, &mounted.mount, active.now(), active);
        Ok(mounted.backend.tidy(&mut cx)? == Progress::More)
    };
    while step(active, one).await? {
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// One transaction; `true` when there is more to do.
async fn step(
    active: &Arc<Active>,
    work: impl FnOnce(&mut Transaction) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    let mut tx = active.transaction();
    let more = work(&mut tx)?;
    let command = tx.into_command()?;
    if command.is_empty() {
        return Ok(more);
    }
    match active.store.commit(command).await {
        Ok(_) => Ok(more),
        Err(CommitError::Conflict { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
