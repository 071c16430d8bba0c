//! Applying committed entries to the state: the same on every member, whatever else goes on.

use coffer_model::{ChangeRef, CommandRef, ExchangeId, ExchangeRef};
use coffer_storage::{StateWrite, StoreFault};
use openraft::entry::EntryPayload;

use crate::member;
use crate::raft_types::{Entry, Outcome, Proposal, position};

/// Applies the entries in order within one transaction; one outcome each. An error leaves the state as it was and
/// stops the node: entries that this release cannot read were written by a later one.
pub(crate) fn apply_all(state: &mut StateWrite<'_>, file: &str, entries: &[Entry]) -> Result<Vec<Outcome>, StoreFault> {
    let mut outcomes = Vec::with_capacity(entries.len());
    for entry in entries {
        outcomes.push(apply(state, file, entry)?);
    }
    if let Some(last) = entries.last() {
        state.set_applied(position(&last.log_id))?;
    }
    Ok(outcomes)
}

fn apply(state: &mut StateWrite<'_>, file: &str, entry: &Entry) -> Result<Outcome, StoreFault> {
    match &entry.payload {
        EntryPayload::Blank => Ok(Outcome::Written),
        EntryPayload::Membership(list) => {
            state.set_membership(position(&entry.log_id), &member::encode(list))?;
            Ok(Outcome::Written)
        }
        EntryPayload::Normal(Proposal(bytes, _)) => {
            let change = ChangeRef::decode(bytes).map_err(|error| StoreFault::Misuse {
                file: file.to_owned(),
                what: format!("entry {} cannot be applied: {error}", entry.log_id.index),
            })?;
            match change {
                ChangeRef::Command(command) => write(state, entry.log_id.index, &command),
                ChangeRef::Exchange(step) => exchange(state, entry.log_id.index, &step),
            }
        }
    }
}

fn write(state: &mut StateWrite<'_>, index: u64, command: &CommandRef<'_>) -> Result<Outcome, StoreFault> {
    for (key, seen) in &command.preconditions {
        if state.revision(key)? != seen.map(|revision| revision.get()) {
            return Ok(Outcome::Conflict((*key).to_owned()));
        }
    }
    for (key, value) in &command.puts {
        state.put(key, index, value)?;
    }
    for key in &command.deletes {
        state.delete(key)?;
    }
    Ok(Outcome::Written)
}

/// What a step is refused with that belongs to another exchange than the one begun last.
const OUTDATED: &str = "the state to be restored";

fn exchange(state: &mut StateWrite<'_>, index: u64, step: &ExchangeRef<'_>) -> Result<Outcome, StoreFault> {
    let staging = state.staging()?;
    let is_staged = |id: &ExchangeId| staging.filter(|staging| staging.id == id.0);
    match step {
        ExchangeRef::Begin(id) => state.begin_staging(index, id.0)?,
        ExchangeRef::Put(id, puts) if is_staged(id).is_some() => {
            for (key, value) in puts {
                state.stage(key, index, value)?;
            }
        }
        ExchangeRef::Commit { id, keys, kept, mark: (key, value) }
            if is_staged(id).is_some_and(|staging| staging.keys == *keys) =>
        {
            state.exchange(index, kept)?;
            state.put(key, index, value)?;
        }
        ExchangeRef::Put(..) | ExchangeRef::Commit { .. } => return Ok(Outcome::Conflict(OUTDATED.to_owned())),
        ExchangeRef::Abandon => state.abandon_staging(index)?,
    }
    Ok(Outcome::Written)
}
