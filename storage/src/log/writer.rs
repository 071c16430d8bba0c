//! The writer thread: takes all that waits, commits it with one sync, acknowledges in order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Instant;

use redb::{Table, WriteTransaction};

use crate::StoreFault;
use crate::fault::FaultContext;
use crate::medium::META;

use super::queue::{Group, Op};
use super::{ENTRIES, Record, Shared, meta_key};

const WRITING: &str = "writing";

/// Runs until the store is closed and everything queued is written, or until a write fails.
pub(super) fn run(shared: &Shared) {
    let mut purged = shared.live.lock().bounds.purged.map(|purged| purged.index);
    while let Some(group) = next_group(shared) {
        purged = purged.max(group.purge.map(|upto| upto.index));
        let begun = Instant::now();
        let written = catch_unwind(AssertUnwindSafe(|| write(shared, &group, purged)))
            .unwrap_or_else(|_| Err(StoreFault::damaged(&shared.named.file, "its structure makes no sense")));
        shared.sync_times.lock().add(begun.elapsed());
        match written {
            Ok(added) => acknowledge(shared, group, added),
            Err(fault) => return fail(shared, group, fault),
        }
    }
}

fn next_group(shared: &Shared) -> Option<Group> {
    let mut live = shared.live.lock();
    while !live.queue.has_ops() {
        if live.closing {
            return live.queue.has_notes().then(|| live.queue.take_group());
        }
        shared.work.wait(&mut live);
    }
    Some(live.queue.take_group())
}

/// Gives the change of the stored bytes. A record that was purged while it waited is not written.
fn write(shared: &Shared, group: &Group, purged: Option<u64>) -> Result<i64, StoreFault> {
    let file = shared.named.file.as_str();
    let writing = shared.named.db.begin_write().fault(file, WRITING)?;
    let mut added = 0;
    {
        let mut entries = writing.open_table(ENTRIES).fault(file, WRITING)?;
        if let Some(upto) = group.purge {
            added -= remove(&mut entries, 0..upto.index.saturating_add(1), file)?;
        }
        for op in &group.ops {
            match op {
                Op::Append { records, .. } => {
                    let live = records.iter().filter(|record| Some(record.at.index) > purged);
                    added += insert(&mut entries, live, file)?;
                }
                Op::TruncateFrom { index, .. } => added -= remove(&mut entries, *index..u64::MAX, file)?,
                Op::Vote { .. } => {}
            }
        }
    }
    write_notes(&writing, group).fault(file, WRITING)?;
    writing.commit().fault(file, "syncing")?;
    Ok(added)
}

fn insert<'r>(
    table: &mut Table<'_, u64, &[u8]>,
    records: impl Iterator<Item = &'r Record>,
    file: &str,
) -> Result<i64, StoreFault> {
    let mut bytes = 0;
    for record in records {
        let len = record.encoded_len();
        let mut place = table.insert_reserve(record.at.index, len).fault(file, WRITING)?;
        record.encode_into(place.as_mut());
        bytes += len as i64;
    }
    Ok(bytes)
}

fn remove(table: &mut Table<'_, u64, &[u8]>, range: std::ops::Range<u64>, file: &str) -> Result<i64, StoreFault> {
    let mut bytes = 0;
    let drop_all = |_: u64, value: &[u8]| {
        bytes += value.len() as i64;
        false
    };
    table.retain_in(range, drop_all).fault(file, WRITING)?;
    Ok(bytes)
}

fn write_notes(writing: &WriteTransaction, group: &Group) -> Result<(), redb::Error> {
    let vote = group.ops.iter().rev().find_map(|op| match op {
        Op::Vote { vote, .. } => Some(*vote),
        _ => None,
    });
    if vote.is_none() && group.purge.is_none() && group.committed.is_none() {
        return Ok(());
    }
    let mut meta = writing.open_table(META)?;
    if let Some(vote) = vote {
        meta.insert(meta_key::VOTE, vote.encode().as_slice())?;
    }
    if let Some(upto) = group.purge {
        meta.insert(meta_key::PURGED, upto.encode().as_slice())?;
    }
    match group.committed {
        Some(Some(committed)) => drop(meta.insert(meta_key::COMMITTED, committed.encode().as_slice())?),
        Some(None) => drop(meta.remove(meta_key::COMMITTED)?),
        None => {}
    }
    Ok(())
}

fn acknowledge(shared: &Shared, group: Group, added: i64) {
    shared.bytes.fetch_add(added.cast_unsigned(), Ordering::Relaxed);
    let mut live = shared.live.lock();
    live.tail.written(group.last_seq);
    for op in &group.ops {
        if let Op::Vote { vote, .. } = op {
            live.vote = Some(*vote);
        }
    }
    drop(live);
    for op in group.ops {
        op.done(Ok(()));
    }
}

/// After a failed write nothing more is written: what the file holds is not known.
fn fail(shared: &Shared, group: Group, fault: StoreFault) {
    let waiting = {
        let mut live = shared.live.lock();
        live.fault = Some(fault.clone());
        let mut waiting = group.ops;
        while live.queue.has_ops() {
            waiting.extend(live.queue.take_group().ops);
        }
        waiting
    };
    shared.faults.report(fault.clone());
    for op in waiting {
        op.done(Err(fault.clone()));
    }
}
