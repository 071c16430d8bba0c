//! The index of leases by time, made for a state that has none.

use std::sync::Arc;

use crate::active::Active;
use crate::lease::{Due, LeaseRecord, keys};
use crate::{Failure, Transaction};

/// Says that every lease is in the index.
const INDEXED: &str = "core/coffer/leases-indexed";
/// The last lease that was put into it, while it is being made.
const PROGRESS: &str = "core/coffer/leases-indexed-up-to";

/// Leases of one step.
const STEP: usize = 200;

/// For a state that begins with an index.
pub(crate) fn note_indexed(tx: &mut Transaction) {
    tx.put(INDEXED, Vec::new());
}

/// Has the index made anew.
pub(super) fn forget_index(tx: &mut Transaction) {
    tx.delete(INDEXED);
    tx.delete(PROGRESS);
}

/// Puts some leases into the index that may not be in it; `false` when all are. Each keeps its own time: what is over is
/// ended by the worker as always, in its bounded steps.
pub(crate) async fn index(active: &Arc<Active>) -> Result<bool, Failure> {
    let mut tx = active.transaction();
    if tx.get(INDEXED)?.is_some() {
        return Ok(false);
    }
    let after = tx.get(PROGRESS)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let found = tx.scan(keys::ID_PREFIX, &after, STEP)?;
    for key in &found {
        match tx.get_json::<LeaseRecord>(key) {
            Ok(Some(lease)) => put_in(&mut tx, &lease)?,
            Ok(None) => {}
            Err(failure) => tracing::warn!("a lease of the restored state cannot be read: {failure}"),
        }
    }
    match found.last() {
        Some(last) => tx.put(PROGRESS, last.clone().into_bytes()),
        None => {
            note_indexed(&mut tx);
            tx.delete(PROGRESS);
        }
    }
    super::commit(active, tx).await?;
    Ok(!found.is_empty())
}

fn put_in(tx: &mut Transaction, lease: &LeaseRecord) -> Result<(), Failure> {
    if !lease.revoke_error.is_empty() {
        tx.put(keys::stuck(&lease.lease_id), Vec::new());
        return Ok(());
    }
    if lease.expire_time.is_zero() || tx.get(&keys::due(lease.expire_time, &lease.lease_id))?.is_some() {
        return Ok(());
    }
    Due::default().schedule(tx, lease.expire_time, &lease.lease_id)
}
