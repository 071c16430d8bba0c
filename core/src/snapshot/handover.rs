//! Clearing up the way from the keys before a restore to those after it.

use coffer_model::Revision;
use coffer_seal::HANDOVER_PATH;

use crate::Failure;
use crate::active::Active;

/// The root key that a restore handed over; by now every node has followed.
#[derive(Debug, Default)]
pub(crate) struct Handover {
    /// The one that was there the last time.
    seen: Option<Revision>,
}

impl Handover {
    /// Removes the one that was there at the last call already.
    pub(crate) async fn clear(&mut self, active: &Active) -> Result<(), Failure> {
        let found = active.store.get(HANDOVER_PATH)?.map(|found| found.revision);
        if found.is_some() && found == self.seen {
            let mut tx = active.transaction();
            tx.get_clear(HANDOVER_PATH)?;
            tx.delete(HANDOVER_PATH);
            active.store.commit(tx.into_command()?).await?;
        }
        self.seen = found;
        Ok(())
    }
}
