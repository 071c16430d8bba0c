//! Ceremonies live in the memory of the leader. So that its successor can tell those who go on giving shares what became of
//! theirs, the one in progress is noted in the store: its nonce alone, nothing of the shares.

use coffer_model::{Command, Put};
use serde::{Deserialize, Serialize};

use crate::lifecycle::Node;

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
}

impl Node {
    /// Notes that a ceremony has begun. It goes on without the note as well.
    pub async fn note_ceremony(&self, kind: CeremonyKind, nonce: String) {
        let status = self.cluster().status();
        let note = Note { nonce, leader: status.node_id, term: status.term };
        if let Ok(value) = serde_json::to_vec(&note) {
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

    /// What became of the ceremony that a share is given for, where another leadership began it.
    pub(super) fn lost_ceremony(&self, kind: CeremonyKind, nonce: &str) -> Option<String> {
        let found = self.store().get(kind.path()).ok()??;
        let note: Note = serde_json::from_slice(&found.value).ok()?;
        let lost = !nonce.is_empty() && note.nonce == nonce && note.term != self.cluster().status().term;
        lost.then(|| {
            format!(
                ": what was begun under this nonce on {} was lost when it stopped leading, with the shares given so far, \
                 and has changed nothing; begin again",
                note.leader
            )
        })
    }
}
