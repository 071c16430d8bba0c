//! Keeps the state's file small: redb uses freed pages again, but a file that has once been large stays so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coffer_storage::{Compaction, StateSize, StoreFault, Stores};

use crate::cluster::Shared;

const CHECK_EVERY: Duration = Duration::from_secs(30);
/// Measuring how much of the file is in use reads all of it: it may take this part of one processor's time.
const PART_OF_TIME: u32 = 100;
/// Smaller files are left alone.
const SMALL: u64 = 64 << 20;
/// What is not worth the copy, beside two thirds of the file.
const SLACK: u64 = 32 << 20;

/// What is known of the state without a look at all of it.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    live: u64,
    /// As of then.
    removed: u64,
    /// Not before this, unless much has been deleted.
    again: Option<Instant>,
}

pub(crate) async fn run(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(CHECK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut measured = Measured::default();
    loop {
        tokio::select! {
            () = shared.closing() => return,
            _ = ticks.tick() => {}
        }
        let removed = shared.stores.state_removed();
        let Ok(Some(file)) = shared.stores.state_file_bytes() else { continue };
        if !measured.is_worth_a_look(file, removed, Instant::now()) {
            continue;
        }
        let begun = Instant::now();
        let stores = Arc::clone(&shared.stores);
        let looked = tokio::task::spawn_blocking(move || keep_small(&stores)).await;
        let outcome =
            looked.map_err(|panic| panic.to_string()).and_then(|done| done.map_err(|fault| fault.to_string()));
        let again = Some(Instant::now() + begun.elapsed() * PART_OF_TIME);
        match outcome {
            Ok((live, done)) => {
                measured = Measured { live, removed, again };
                tell(done);
            }
            Err(reason) => {
                measured.again = again;
                tracing::warn!(reason, "the state's file could not be made smaller");
            }
        }
    }
}

impl Measured {
    fn is_worth_a_look(&self, file: u64, removed: u64, now: Instant) -> bool {
        let gone = removed.wrapping_sub(self.removed);
        let live = self.live.saturating_sub(gone);
        let is_time = self.again.is_none_or(|again| now >= again) || gone >= self.live / 8;
        file >= SMALL && is_time && is_worth_it(StateSize { file, live })
    }
}

fn tell(done: Option<Compaction>) {
    match done {
        Some(Compaction::Done { before, after }) => {
            tracing::info!(before_mib = before >> 20, after_mib = after >> 20, "the state's file was made smaller");
        }
        Some(Compaction::PutOff(reason)) => tracing::info!(reason, "the state's file is not made smaller now"),
        None => {}
    }
}

/// Bytes in use, and what was done about the rest.
fn keep_small(stores: &Stores) -> Result<(u64, Option<Compaction>), StoreFault> {
    let Some(size) = stores.state_size()? else { return Ok((0, None)) };
    if !is_worth_it(size) {
        return Ok((size.live, None));
    }
    let free = stores.disk_space().map_or(0, |(free, _)| free);
    // Beside the copy there must be room for what goes on meanwhile.
    if free < size.live * 2 + SMALL {
        return Ok((size.live, Some(Compaction::PutOff("the disk has too little room for a copy"))));
    }
    stores.compact_state().map(|done| (size.live, Some(done)))
}

fn is_worth_it(size: StateSize) -> bool {
    size.file >= size.live * 3 + SLACK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_copied_where_most_of_it_is_empty() {
        let worth = |file: u64, live: u64| is_worth_it(StateSize { file: file << 20, live: live << 20 });
        assert!(worth(64, 1));
        assert!(worth(1024, 300));
        assert!(!worth(1024, 500));
        // redb's file may be twice what is in it.
        assert!(!worth(200, 100));
    }

    #[test]
    fn it_is_looked_into_when_enough_was_deleted_and_else_not_often() {
        let (mib, now) = (1 << 20, Instant::now());
        let unknown = Measured::default();
        assert!(unknown.is_worth_a_look(64 * mib, 0, now));
        assert!(!unknown.is_worth_a_look(63 * mib, 0, now));
        let known = Measured { live: 400 * mib, removed: 7, again: Some(now + Duration::from_secs(1)) };
        assert!(!known.is_worth_a_look(800 * mib, 7, now + Duration::from_secs(2)), "too much is in use");
        assert!(known.is_worth_a_look(800 * mib, 200 * mib, now), "much is gone");
        assert!(!known.is_worth_a_look(1231 * mib, mib, now), "a little");
        assert!(known.is_worth_a_look(1231 * mib, mib, now + Duration::from_secs(1)));
    }
}
