//! openraft's own suite for log and state, on files and in memory.

use std::sync::Arc;

use coffer_storage::Medium;
use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};

use crate::cluster::no_observer;
use crate::epoch::Epoch;
use crate::raft_log::RaftLog;
use crate::raft_types::Types;
use crate::state_machine::StateMachine;

struct OnDisk;
struct InMemory;

fn build(medium: &Medium) -> (RaftLog, StateMachine) {
    let stores = Arc::new(coffer_storage::open(medium, Some("suite")).unwrap());
    let (epoch, _) = Epoch::first();
    let sole = Arc::default();
    let log = RaftLog::new(Arc::clone(&stores), Arc::clone(&sole), epoch.clone());
    (log, StateMachine { stores, sole, observer: no_observer(), applied: Arc::default(), epoch })
}

impl StoreBuilder<Types, RaftLog, StateMachine, tempfile::TempDir> for OnDisk {
    async fn build(&self) -> Result<(tempfile::TempDir, RaftLog, StateMachine), StorageError<Types>> {
        let folder = tempfile::tempdir().unwrap();
        let (log, state) = build(&Medium::Folder(folder.path().join("data")));
        Ok((folder, log, state))
    }
}

impl StoreBuilder<Types, RaftLog, StateMachine> for InMemory {
    async fn build(&self) -> Result<((), RaftLog, StateMachine), StorageError<Types>> {
        let (log, state) = build(&Medium::Memory);
        Ok(((), log, state))
    }
}

#[tokio::test]
async fn the_suite_passes_on_disk() {
    Suite::test_all(OnDisk).await.unwrap();
}

#[tokio::test]
async fn the_suite_passes_in_memory() {
    Suite::test_all(InMemory).await.unwrap();
}
