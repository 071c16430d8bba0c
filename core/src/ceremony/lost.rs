//! Ceremonies live in the memory of the leader. So that its successor can tell those who go on giving shares what became of
//! theirs, the one in progress is noted in the store: its nonce alone, nothing of the shares.

use coffer_model::{ClusterControl, Command, Put, Store};
use serde::{Deserialize, Serialize};

use crate::active::Active;
use crate::lifecycle::Node;
use crate::{Failure, Transaction};

/// A kind of ceremony, of which there is one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CeremonyKind {
    /// `sys/rekey`.
    Rekey,
    /// `sys/generate-root`.
    GenerateRoot,
}

#[derive(Serialize, Deserialize)]
struct Note {
    nonce: String,
    leader: String,
    /// Raft's, when it began.
    term: u64,
}

impl CeremonyKind {
    fn path(self) -> &'static str {
        match self {
            Self::Rekey => "core/coffer/cluster/ceremonies/rekey",
            Self::GenerateRoot => "core/coffer/cluster/ceremonies/generate-root",
        }
    }

    /// Notes with a request that begins one.
    pub fn note(self, tx: &mut Transaction, active: &Active, nonce: String) -> Result<(), Failure> {
        let note = Note::of(active.cluster.as_ref(), nonce);
        tx.put_clear(self.path(), serde_json::to_vec(&note).map_err(Failure::internal)?);
        Ok(())
    }

    /// Forgets with a request that ends one.
    pub fn forget(self, tx: &mut Transaction) -> Result<(), Failure> {
        if tx.get_clear(self.path())?.is_some() {
            tx.delete(self.path());
        }
        Ok(())
    }

    /// What to add to the refusal of a share where nothing is in progress.
    pub fn fate_of_last(self, active: &Active) -> Option<String> {
        let in_progress = match self {
            Self::Rekey => active.ceremonies.rekey_status().is_some(),
            Self::GenerateRoot => active.ceremonies.generate_root_status().is_some(),
        };
        if in_progress { None } else { self.lost(active.store.as_ref(), active.cluster.as_ref()) }
    }

    /// What became of the last one, where another leadership began it and none ended it.
    fn lost(self, store: &dyn Store, cluster: &dyn ClusterControl) -> Option<String> {
        let found = store.get(self.path()).ok()??;
        let note: Note = serde_json::from_slice(&found.value).ok()?;
        (note.term != cluster.status().term).then(|| {
            format!(
                ": what was begun on {} under the nonce {} was lost when it stopped leading, with the shares given so \
                 far, and has changed nothing; begin again",
                note.leader, note.nonce
            )
        })
    }
}

impl Note {
    fn of(cluster: &dyn ClusterControl, nonce: String) -> Self {
        let status = cluster.status();
        Self { nonce, leader: status.node_id, term: status.term }
    }
}

impl Node {
    /// Notes that a ceremony has begun. It goes on without the note as well.
    pub async fn note_ceremony(&self, kind: CeremonyKind, nonce: String) {
        if let Ok(value) = serde_json::to_vec(&Note::of(self.cluster().as_ref(), nonce)) {
            let puts = vec![Put { key: kind.path().to_owned(), value }];
            self.store_note(Command { puts, ..Command::default() }).await;
        }
    }

    /// Notes that a ceremony has ended, one way or the other.
    pub async fn forget_ceremony(&self, kind: CeremonyKind) {
        if matches!(self.store().get(kind.path()), Ok(Some(_))) {
            let deletes = vec![kind.path().to_owned()];
            self.store_note(Command { deletes, ..Command::default() }).await;
        }
    }

    async fn store_note(&self, command: Command) {
        if let Err(error) = self.store().commit(command).await {
            tracing::warn!("it could not be noted how a ceremony stands: {error}");
        }
    }
}
