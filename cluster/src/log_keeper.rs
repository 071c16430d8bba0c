//! Keeps the log small: openraft counts entries, and an entry may be a mebibyte.

use std::sync::Arc;
use std::time::Duration;

use openraft::async_runtime::WatchReceiver;

use crate::cluster::Shared;

/// Stored bytes above which the state is made durable and the older part of the log purged.
const MAX_BYTES: u64 = 64 << 20;
/// Keys that one step of clearing up removes.
const ASIDE_KEYS: usize = 1000;
const CHECK_EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn run(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(CHECK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.closing() => return,
            _ = ticks.tick() => {}
        }
        if shared.stores.log.stored_bytes() > MAX_BYTES {
            // A core that died is the supervisor's business.
            let _ = purge_older_half(&shared).await;
        }
        clear_aside(&shared).await;
    }
}

/// Removes what is left of states that were exchanged, a piece at a time, so that writes come in between.
async fn clear_aside(shared: &Arc<Shared>) {
    loop {
        let stores = Arc::clone(&shared.stores);
        let cleared = tokio::task::spawn_blocking(move || stores.state.clear_aside(ASIDE_KEYS)).await;
        // A fault is reported where it arises.
        if shared.is_closing() || !matches!(cleared, Ok(Ok(true))) {
            return;
        }
    }
}

async fn purge_older_half(shared: &Shared) -> Result<(), openraft::errors::Fatal<crate::raft_types::Types>> {
    let raft = shared.raft.load_full();
    let target = {
        let bounds = shared.stores.log.bounds();
        let first = bounds.purged.map_or(0, |purged| purged.index);
        let last = bounds.last.map_or(0, |last| last.index);
        first + last.saturating_sub(first) / 2
    };
    let snapshot = {
        let watched = raft.metrics();
        watched.borrow_watched().snapshot.map_or(0, |id| id.index)
    };
    if snapshot < target {
        // Purged at the next turn: only what a snapshot holds can go.
        raft.trigger().snapshot().await
    } else {
        raft.trigger().purge_log(target).await
    }
}
