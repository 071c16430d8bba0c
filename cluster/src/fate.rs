//! What became of a proposal whose answer did not come: its entry is looked for in the log that the cluster agreed on.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use coffer_storage::{LogPosition, LogStore};
use parking_lot::Mutex;
use tokio::time::Instant;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Conflicts remembered; more than can be under way.
const KEPT_CONFLICTS: usize = 8192;

/// Goes with a proposal and learns where in the log it was put.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ticket(Arc<OnceLock<LogPosition>>);

impl Ticket {
    /// The log of this node holds it there.
    pub(crate) fn entered(&self, at: LogPosition) {
        // A proposal enters the log once.
        let _ = self.0.set(at);
    }

    /// `None`: it is in no log.
    pub(crate) fn position(&self) -> Option<LogPosition> {
        self.0.get().copied()
    }
}

/// How far this node has applied the log, and which of the last entries wrote nothing.
#[derive(Debug, Default)]
pub(crate) struct Applied(Mutex<Past>);

#[derive(Debug, Default)]
struct Past {
    last: Option<LogPosition>,
    /// Index and the key that had changed.
    conflicts: VecDeque<(u64, String)>,
}

impl Applied {
    /// All up to `last` is applied; of it, these entries wrote nothing.
    pub(crate) fn reached<'k>(&self, last: LogPosition, conflicts: impl Iterator<Item = (u64, &'k str)>) {
        let mut past = self.0.lock();
        past.last = Some(last);
        for (index, key) in conflicts {
            if past.conflicts.len() == KEPT_CONFLICTS {
                past.conflicts.pop_front();
            }
            past.conflicts.push_back((index, key.to_owned()));
        }
    }

    fn last(&self) -> Option<LogPosition> {
        self.0.lock().last
    }

    fn conflict(&self, index: u64) -> Option<String> {
        let past = self.0.lock();
        past.conflicts.iter().rev().find(|(at, _)| *at == index).map(|(_, key)| key.clone())
    }
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Applied, as this entry.
    Written(u64),
    /// Applied, and nothing was written: this key had changed.
    Conflict(String),
    /// It will never be applied.
    Lost,
    /// It can't be found out, or not yet.
    Unknown,
}

/// Waits until the fate of the entry at `at` is known, no longer than until `deadline`.
pub(crate) async fn of(log: &LogStore, applied: &Applied, at: LogPosition, deadline: Instant) -> Fate {
    loop {
        match now(log, applied, at) {
            Fate::Unknown if Instant::now() < deadline && !is_purged(log, at) => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            fate => return fate,
        }
    }
}

fn is_purged(log: &LogStore, at: LogPosition) -> bool {
    log.bounds().purged.is_some_and(|purged| purged.index >= at.index)
}

/// Entries of a term come before all entries of later ones, and what is applied is agreed on.
fn now(log: &LogStore, applied: &Applied, at: LogPosition) -> Fate {
    let Some(last) = applied.last() else { return Fate::Unknown };
    if last.index < at.index {
        let is_overtaken = (last.term, last.leader) > (at.term, at.leader);
        return if is_overtaken { Fate::Lost } else { Fate::Unknown };
    }
    let found = log.read(at.index, at.index.saturating_add(1), usize::MAX).ok();
    match found.and_then(|found| found.first().map(|record| record.at)) {
        Some(held) if held == at => match applied.conflict(at.index) {
            Some(key) => Fate::Conflict(key),
            None => Fate::Written(at.index),
        },
        Some(held) if held.index == at.index => Fate::Lost,
        _ => Fate::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use coffer_storage::{Medium, Record, RecordKind, Stores};

    fn position(term: u64, index: u64) -> LogPosition {
        LogPosition { term, leader: term, index }
    }

    fn log(held: &[LogPosition]) -> Stores {
        let stores = coffer_storage::open(&Medium::Memory, Some("n")).unwrap();
        let records = held.iter().map(|at| Record { at: *at, kind: RecordKind::Command, body: Bytes::new() }).collect();
        stores.log.append(records, Box::new(|_| {})).unwrap();
        stores
    }

    #[test]
    fn the_entry_tells_what_became_of_it() {
        let held = log(&[position(1, 5), position(1, 6), position(2, 7), position(2, 8)]);
        let applied = Applied::default();
        let fate = |at| now(&held.log, &applied, at);
        assert_eq!(fate(position(1, 5)), Fate::Unknown);
        applied.reached(position(2, 7), [(6, "key")].into_iter());
        assert_eq!(fate(position(1, 5)), Fate::Written(5));
        assert_eq!(fate(position(1, 6)), Fate::Conflict("key".into()));
        // Another entry has its place, or a later term began before it.
        assert_eq!(fate(position(1, 7)), Fate::Lost);
        assert_eq!(fate(position(1, 9)), Fate::Lost);
        // In the log, and not agreed on.
        assert_eq!(fate(position(2, 8)), Fate::Unknown);
        assert_eq!(fate(position(3, 9)), Fate::Unknown);
    }

    #[tokio::test]
    async fn a_purged_entry_is_not_waited_for() {
        let held = log(&[position(1, 5), position(1, 6)]);
        held.log.purge(position(1, 5));
        let applied = Applied::default();
        applied.reached(position(1, 6), std::iter::empty());
        let far = Instant::now() + Duration::from_secs(3600);
        assert_eq!(of(&held.log, &applied, position(1, 5), far).await, Fate::Unknown);
    }
}
