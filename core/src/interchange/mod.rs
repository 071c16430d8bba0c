//! What OpenBao and Vault store in another shape than this server: read when their state was restored, and written
//! beside our own when a snapshot is saved.
//!
//! Mounts, which OpenBao keeps one record each; entities, which both pack into 256 records; the index of leases by time,
//! which neither has. All else is stored alike.

mod compressed;
mod entities;
mod export;
mod leases;
mod messages;
mod tables;

use std::sync::Arc;

pub(crate) use compressed::plain;
pub(crate) use export::exported;
pub(crate) use leases::{index as index_leases, note_indexed as note_leases_indexed};

use crate::active::Active;
use crate::{Failure, Transaction};

/// Takes over what a restored state holds in the others' shapes; on the leader, before anything is served from it.
/// Does nothing on a state of our own.
pub(crate) async fn adopt(active: &Arc<Active>) -> Result<(), Failure> {
    let mut tx = active.transaction();
    if tables::adopt(&mut tx)? {
        // It was in use elsewhere: what we had indexed may be outdated.
        leases::forget_index(&mut tx);
        commit(active, tx).await?;
        tracing::info!("the mounts of a restored state are taken over");
    }
    entities::adopt(active).await
}

async fn commit(active: &Arc<Active>, tx: Transaction) -> Result<(), Failure> {
    let command = tx.into_command()?;
    if !command.is_empty() {
        active.store.commit(command).await?;
    }
    Ok(())
}
