//! Takes each snapshot when it is due, one after the other, and writes down how it went.

use std::sync::Arc;
use std::time::Duration;

use super::{AutoSnapshot, AutoStatus, file};
use crate::Failure;
use crate::active::Active;

/// How often is looked whether one is due.
const LOOK: Duration = Duration::from_secs(1);

/// A failed one is tried again after this, or after its interval where that is shorter.
const RETRY: Duration = Duration::from_secs(300);

pub(crate) async fn run(active: Arc<Active>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(failure) = take_due(&active).await {
            tracing::warn!("automated snapshots are held up: {failure}");
        }
    }
}

async fn take_due(active: &Arc<Active>) -> Result<(), Failure> {
    for name in AutoSnapshot::names(&active.transaction())? {
        let mut tx = active.transaction();
        let Some(config) = AutoSnapshot::read(&mut tx, &name)? else { continue };
        let status = AutoStatus::read(&mut tx, &name)?;
        let now = active.now();
        let mut due = config.next_start(&status);
        if status.consecutive_errors > 0 {
            due = due.min(status.last_end.plus(RETRY.min(config.interval)));
        }
        if due <= now {
            take(active, &name, config, status).await?;
        }
    }
    Ok(())
}

async fn take(active: &Arc<Active>, name: &str, config: AutoSnapshot, before: AutoStatus) -> Result<(), Failure> {
    let started = active.now();
    active.store.read_fence().await?;
    let frozen = active.store.freeze().await?;
    let (barrier, cluster, max_entry) =
        (active.barrier.clone(), active.cluster.status(), active.store.max_entry_size());
    let node_id = cluster.node_id.clone();
    let taken = tokio::task::spawn_blocking(move || {
        file::take(&config, frozen.as_ref(), &barrier, &cluster, started, max_entry)
    });
    let taken = taken.await.map_err(Failure::internal)?;
    let ended = active.now();
    let mut status = AutoStatus { last_start: started, last_end: ended, ..before };
    match taken {
        Ok((path, size)) => {
            tracing::info!(name, file = %path.display(), size, "an automated snapshot was taken");
            status.last_error.clear();
            status.consecutive_errors = 0;
            status.last_success = ended;
            status.last_file = format!("{node_id}:{}", path.display());
            status.last_size = size;
        }
        Err(error) => {
            tracing::error!(name, "an automated snapshot FAILED: {error}");
            status.last_error = error;
            status.consecutive_errors += 1;
        }
    }
    let mut tx = active.transaction();
    // Removed meanwhile: nothing is kept of it.
    if AutoSnapshot::read(&mut tx, name)?.is_some() {
        status.write(&mut tx, name)?;
        active.store.commit(tx.into_command()?).await?;
    }
    Ok(())
}
