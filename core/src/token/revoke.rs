//! Ending tokens: with all that descends from them, or leaving their children as orphans.
//!
//! What fits one entry is done at once. Otherwise the first entry marks the token as ending, by which every descendant is
//! refused, and puts its lease down as due: the worker then removes descendants from the leaves upwards, step by step.

use std::collections::{HashSet, VecDeque};

use super::uses::ENDING;
use super::{Salt, SaltedId, TokenEntry, Tokens, keys};
use crate::lease::{self, AuthRecord, Due, LeaseRecord, MAX_STEP, MountAccess, Outcome};
use crate::{Failure, Timestamp, Transaction};

/// Mark of a token that is being removed while its children stay.
pub(super) const ORPHANING: i64 = -2;

/// Generations held in memory while looking for leaves; of a deeper tree the lower part is removed first.
const MAX_DEPTH: usize = 10_000;

impl Tokens {
    /// Revokes a token, its secrets, its cubbyhole and all its descendants. Nothing of it can be used once this is committed.
    pub fn revoke(
        &self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        entry: &TokenEntry,
        now: Timestamp,
    ) -> Result<Outcome, Failure> {
        if entry.is_batch() {
            return Err(Failure::invalid("batch tokens cannot be revoked"));
        }
        let id = Salt::of(tx)?.salted(entry.id.expose());
        let _timed = tx.telemetry().token_revoke.timer();
        let mut work = MAX_STEP;
        end_tree(tx, mounts, &id, now, &mut work)
    }

    /// Revokes a token alone; its children become orphans and live on.
    pub fn revoke_orphan(
        &self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        entry: &TokenEntry,
        now: Timestamp,
    ) -> Result<Outcome, Failure> {
        if entry.is_batch() {
            return Err(Failure::invalid("batch tokens cannot be revoked"));
        }
        let id = Salt::of(tx)?.salted(entry.id.expose());
        if let Some(mut stored) = tx.get_json::<TokenEntry>(&keys::record(&id))? {
            stored.num_uses = ORPHANING;
            tx.put_json(keys::record(&id), &stored)?;
        }
        let mut work = MAX_STEP;
        end_tree(tx, mounts, &id, now, &mut work)
    }
}

/// Revokes the token of a lease, as far as `work` reaches.
pub(crate) fn revoke_leased(
    tx: &mut Transaction,
    mounts: &dyn MountAccess,
    lease: &LeaseRecord,
    now: Timestamp,
    work: &mut usize,
) -> Result<Outcome, Failure> {
    let id = Salt::of(tx)?.salted(lease.client_token.expose());
    let outcome = end_tree(tx, mounts, &id, now, work)?;
    match outcome {
        // The token's record may have gone before its lease.
        Outcome::Done => lease.remove(tx),
        Outcome::Continues => Due::REVOKE.schedule(tx, now, &lease.lease_id)?,
    }
    Ok(outcome)
}

pub(super) fn end_tree(
    tx: &mut Transaction,
    mounts: &dyn MountAccess,
    root: &SaltedId,
    now: Timestamp,
    work: &mut usize,
) -> Result<Outcome, Failure> {
    // The worker's step may be used up by what came before; one token is always dealt with, so that it gets on.
    *work = (*work).max(1);
    let record = tx.get_json::<TokenEntry>(&keys::record(root))?;
    if record.as_ref().is_some_and(|record| record.num_uses == ORPHANING) && !free_children(tx, root, work)? {
        return put_down(tx, root, record, ORPHANING, now);
    }
    let (leaves, whole) = lowest_first(tx, root, *work)?;
    for (ended, node) in leaves.iter().enumerate() {
        *work = work.saturating_sub(1);
        if (ended > 0 && tx.is_full()) || !end_one(tx, mounts, node, now, work)? {
            return put_down(tx, root, record, ENDING, now);
        }
    }
    if whole { Ok(Outcome::Done) } else { put_down(tx, root, record, ENDING, now) }
}

/// A token in its tree.
struct Node {
    id: SaltedId,
    parent: Option<SaltedId>,
}

/// At most `limit` tokens of the tree in an order in which each comes after all its descendants; and whether the root is
/// among them.
fn lowest_first(tx: &Transaction, root: &SaltedId, limit: usize) -> Result<(Vec<Node>, bool), Failure> {
    struct Visit {
        node: Node,
        children: VecDeque<SaltedId>,
        /// The last child looked at; `None` when all were.
        after: Option<String>,
    }
    let visit = |node| Visit { node, children: VecDeque::new(), after: Some(String::new()) };
    let mut seen = HashSet::from([root.clone()]);
    let mut path = VecDeque::from([visit(Node { id: root.clone(), parent: None })]);
    let mut order = Vec::new();
    let mut cut = false;
    while let Some(top) = path.back_mut() {
        if order.len() >= limit {
            return Ok((order, false));
        }
        if let Some(after) = top.after.take_if(|_| top.children.is_empty()) {
            let names = tx.list(&keys::children(&top.node.id), &after, limit)?;
            top.after = names.last().filter(|_| names.len() >= limit).cloned();
            top.children = names.iter().map(|name| SaltedId::from_stored(name)).collect();
        }
        match top.children.pop_front() {
            Some(child) => {
                let parent = Some(top.node.id.clone());
                // A circle can't come about; should storage hold one, it must not hold this up.
                if seen.insert(child.clone()) {
                    path.push_back(visit(Node { id: child, parent }));
                    if path.len() > MAX_DEPTH {
                        path.pop_front();
                        cut = true;
                    }
                }
            }
            None if top.after.is_some() => {}
            None => order.extend(path.pop_back().map(|done| done.node)),
        }
    }
    Ok((order, !cut))
}

/// Removes one token and all that is its own; `false` when `work` ran out before, with the token still there.
fn end_one(
    tx: &mut Transaction,
    mounts: &dyn MountAccess,
    node: &Node,
    now: Timestamp,
    work: &mut usize,
) -> Result<bool, Failure> {
    let Some(entry) = tx.get_json::<TokenEntry>(&keys::record(&node.id))? else {
        if let Some(parent) = &node.parent {
            tx.delete(keys::child(parent, &node.id));
        }
        return Ok(true);
    };
    if !empty_cubbyhole(tx, mounts, &entry, work)? || !end_secrets(tx, &node.id, now, work)? {
        return Ok(false);
    }
    let salt = Salt::of(tx)?;
    if let Some(lease) = lease::token_lease(tx, &entry, &node.id)? {
        lease.remove(tx);
    }
    if !entry.accessor.is_empty() {
        tx.delete(keys::accessor(&salt.salted(&entry.accessor)));
    }
    if !entry.parent.is_empty() {
        tx.delete(keys::child(&salt.salted(entry.parent.expose()), &node.id));
    }
    if let Some(parent) = &node.parent {
        tx.delete(keys::child(parent, &node.id));
    }
    tx.delete(keys::record(&node.id));
    Ok(true)
}

fn empty_cubbyhole(
    tx: &mut Transaction,
    mounts: &dyn MountAccess,
    entry: &TokenEntry,
    work: &mut usize,
) -> Result<bool, Failure> {
    let Some((prefix, uuid)) = mounts.cubbyholes() else { return Ok(true) };
    let name = match entry.cubbyhole_id.as_str() {
        "" => Salt::of(tx)?.cubbyhole(&uuid, entry.id.expose()),
        name => name.to_owned(),
    };
    let found = tx.scan(&format!("{prefix}{name}/"), "", work.saturating_add(1))?;
    let all = found.len();
    let mut done = 0;
    for key in found.into_iter().take(*work) {
        tx.delete(key);
        *work -= 1;
        done += 1;
        if tx.is_full() {
            break;
        }
    }
    Ok(done == all)
}

/// Puts the token's leased secrets down to be revoked at once, each with a step of its own.
fn end_secrets(tx: &mut Transaction, id: &SaltedId, now: Timestamp, work: &mut usize) -> Result<bool, Failure> {
    let found = tx.scan(&lease::keys::of_token(id), "", work.saturating_add(1))?;
    let all = found.len();
    let mut done = 0;
    for key in found.into_iter().take(*work) {
        let lease_id = tx.get(&key)?.unwrap_or_default();
        if let Some(lease_id) = std::str::from_utf8(&lease_id).ok().filter(|id| !id.is_empty()) {
            Due::REVOKE.schedule(tx, now, lease_id)?;
        }
        tx.delete(key);
        *work -= 1;
        done += 1;
        if tx.is_full() {
            break;
        }
    }
    Ok(done == all)
}

/// Makes orphans of the children; `false` when some are left.
fn free_children(tx: &mut Transaction, parent: &SaltedId, work: &mut usize) -> Result<bool, Failure> {
    let names = tx.list(&keys::children(parent), "", work.saturating_add(1))?;
    let mut done = 0;
    for name in names.iter().take(*work) {
        let child = SaltedId::from_stored(name);
        if let Some(mut entry) = tx.get_json::<TokenEntry>(&keys::record(&child))? {
            entry.parent = crate::SecretText::new("");
            tx.put_json(keys::record(&child), &entry)?;
        }
        tx.delete(keys::child(parent, &child));
        *work -= 1;
        done += 1;
        if tx.is_full() {
            break;
        }
    }
    Ok(done == names.len())
}

/// Marks the root of what is left and has the worker go on with it.
fn put_down(
    tx: &mut Transaction,
    root: &SaltedId,
    record: Option<TokenEntry>,
    mark: i64,
    now: Timestamp,
) -> Result<Outcome, Failure> {
    let Some(mut record) = record else {
        // Its children are refused for want of it. Whoever asked for it by its lease asks again.
        return Ok(Outcome::Continues);
    };
    if lease::token_lease(tx, &record, root)?.is_none() {
        let auth = AuthRecord { client_token: record.id.clone(), ..AuthRecord::default() };
        lease::register_token(tx, &record, root, auth, std::time::Duration::ZERO, now)?;
    }
    Due::REVOKE.schedule(tx, now, &lease::token_lease_id(&record, root))?;
    if record.num_uses != mark && record.num_uses != ORPHANING {
        record.num_uses = mark;
    }
    tx.put_json(keys::record(root), &record)?;
    Ok(Outcome::Continues)
}
