//! Applying committed entries to the state: the same on every member, whatever else goes on.

use coffer_model::CommandRef;
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
        EntryPayload::Normal(Proposal(bytes)) => {
            let command = CommandRef::decode(bytes).map_err(|error| StoreFault::Misuse {
                file: file.to_owned(),
                what: format!("entry {} cannot be applied: {error}", entry.log_id.index),
            })?;
            write(state, entry.log_id.index, &command)
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
