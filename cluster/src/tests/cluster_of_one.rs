//! One member, from forming to restart.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use coffer_model::{
    ApplyObserver, ClusterControl, Command, CommitError, ControlError, FenceError, NodeRole, Precondition, Put, Store,
};
use parking_lot::Mutex;

use crate::{Cluster, ClusterOptions, OpenError, StorageMedium};

fn on_disk(folder: &Path) -> ClusterOptions {
    ClusterOptions {
        storage: StorageMedium::Raft { path: folder.join("data") },
        node_id: Some("one".into()),
        cluster_address: "127.0.0.1:8201".into(),
        api_address: "http://127.0.0.1:8200".into(),
        ..ClusterOptions::in_memory()
    }
}

async fn formed_in_memory() -> Arc<Cluster> {
    let cluster = Cluster::open(ClusterOptions::in_memory()).await.unwrap();
    cluster.form().await.unwrap();
    cluster
}

fn put(key: &str, value: &[u8]) -> Command {
    Command { puts: vec![Put { key: key.into(), value: value.to_vec() }], ..Command::default() }
}

fn value(cluster: &Cluster, key: &str) -> Option<Vec<u8>> {
    cluster.get(key).unwrap().map(|found| found.value)
}

#[tokio::test]
async fn forming_makes_a_leader_that_reads_what_it_wrote() {
    let cluster = Cluster::open(ClusterOptions::in_memory()).await.unwrap();
    assert_eq!(cluster.status().role, NodeRole::Unformed);
    assert!(matches!(cluster.commit(put("a", b"1")).await, Err(CommitError::NotLeader)));
    assert!(matches!(cluster.read_fence().await, Err(FenceError::NotLeader)));

    cluster.form().await.unwrap();
    let revision = cluster.commit(put("a/b", b"1")).await.unwrap();
    cluster.read_fence().await.unwrap();
    let found = cluster.get("a/b").unwrap().unwrap();
    assert_eq!((found.value.as_slice(), found.revision), (b"1".as_slice(), revision));
    assert_eq!(cluster.list("", "", 10).unwrap(), ["a/"]);
    assert_eq!(cluster.scan("a/", "", 10).unwrap(), ["a/b"]);

    let status = cluster.status();
    assert_eq!(status.role, NodeRole::Leader);
    assert_eq!(status.leader().unwrap().node_id, cluster.node_id());
    assert!(status.members[0].voter && status.leading_for.is_some());
    assert!(matches!(cluster.form().await, Err(ControlError::AlreadyFormed)));
    assert!(cluster.step_down().await.is_err());
}

#[tokio::test]
async fn a_stale_precondition_writes_nothing() {
    let cluster = formed_in_memory().await;
    let first = cluster.commit(put("k", b"1")).await.unwrap();
    let expecting = |revision| Command {
        preconditions: vec![Precondition { key: "k".into(), revision }],
        puts: vec![Put { key: "k".into(), value: b"2".to_vec() }, Put { key: "other".into(), value: b"2".to_vec() }],
        deletes: vec![],
    };
    let refused = cluster.commit(expecting(None)).await;
    assert!(matches!(refused, Err(CommitError::Conflict { key }) if key == "k"));
    assert_eq!(value(&cluster, "k").unwrap(), b"1");
    assert_eq!(value(&cluster, "other"), None);

    let second = cluster.commit(expecting(Some(first))).await.unwrap();
    assert!(second > first);
    assert!(matches!(cluster.commit(expecting(Some(first))).await, Err(CommitError::Conflict { .. })));
}

#[tokio::test]
async fn of_many_racing_writers_with_one_precondition_one_wins() {
    let cluster = formed_in_memory().await;
    let racers: Vec<_> = (0u8..32)
        .map(|racer| {
            let cluster = Arc::clone(&cluster);
            tokio::spawn(async move {
                let mut command = put("k", &[racer]);
                command.preconditions.push(Precondition { key: "k".into(), revision: None });
                cluster.commit(command).await.is_ok().then_some(racer)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for racer in racers {
        winners.extend(racer.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(value(&cluster, "k").unwrap(), winners);
}

#[tokio::test]
async fn what_is_too_large_is_not_proposed() {
    let options = ClusterOptions { max_entry_size: 1000, ..ClusterOptions::in_memory() };
    let cluster = Cluster::open(options).await.unwrap();
    cluster.form().await.unwrap();
    let command = put("k", &[0; 1000]);
    let wanted = command.encoded_len();
    let before = cluster.status().committed_index;
    let refused = cluster.commit(command).await;
    assert!(matches!(refused, Err(CommitError::TooLarge { size, limit: 1000 }) if size == wanted));
    assert_eq!(cluster.status().committed_index, before);
}

/// Notes what it is told, and what the store held then.
struct Witness {
    cluster: std::sync::Weak<Cluster>,
    seen: Mutex<Vec<(String, Option<Vec<u8>>)>>,
}

impl ApplyObserver for Witness {
    fn applied(&self, keys: &mut dyn Iterator<Item = &str>) {
        let cluster = self.cluster.upgrade().unwrap();
        self.seen.lock().extend(keys.map(|key| (key.to_owned(), value(&cluster, key))));
    }

    fn replaced(&self) {}
}

#[tokio::test]
async fn the_observer_is_told_after_the_write_and_before_the_answer() {
    let cluster = formed_in_memory().await;
    let witness = Arc::new(Witness { cluster: Arc::downgrade(&cluster), seen: Mutex::default() });
    cluster.observe(witness.clone());
    let mut command = put("a", b"1");
    command.deletes.push("b".into());
    cluster.commit(command).await.unwrap();
    assert_eq!(*witness.seen.lock(), [("a".to_owned(), Some(b"1".to_vec())), ("b".to_owned(), None)]);

    let mut refused = put("c", b"1");
    refused.preconditions.push(Precondition { key: "a".into(), revision: None });
    cluster.commit(refused).await.unwrap_err();
    assert_eq!(witness.seen.lock().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_everything_and_leads_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(on_disk(folder.path())).await.unwrap();
    cluster.form().await.unwrap();
    let mut last = None;
    for number in 0..200u32 {
        last = Some(cluster.commit(put(&format!("k/{number}"), &number.to_be_bytes())).await.unwrap());
    }
    cluster.shutdown().await;
    assert!(matches!(cluster.commit(put("late", b"")).await, Err(CommitError::Unavailable(_))));
    drop(cluster);

    let started = Instant::now();
    let cluster = Cluster::open(on_disk(folder.path())).await.unwrap();
    cluster.shared.leadership.wait_ready().await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    cluster.read_fence().await.unwrap();
    assert_eq!(cluster.scan("k/", "", 1000).unwrap().len(), 200);
    assert_eq!(Some(cluster.get("k/199").unwrap().unwrap().revision), last);
    assert!(cluster.commit(put("more", b"")).await.unwrap() > last.unwrap());
    assert!(matches!(cluster.form().await, Err(ControlError::AlreadyFormed)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_address_is_announced() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(on_disk(folder.path())).await.unwrap();
    cluster.form().await.unwrap();
    cluster.shutdown().await;
    drop(cluster);

    let moved = ClusterOptions { api_address: "https://elsewhere:8200".into(), ..on_disk(folder.path()) };
    let cluster = Cluster::open(moved).await.unwrap();
    let mut changes = cluster.watch();
    while cluster.status().members.first().is_none_or(|member| member.api_address != "https://elsewhere:8200") {
        changes.changed().await.unwrap();
    }
    let is_sole = || cluster.shared.sole.is_sole();
    while !is_sole() {
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn a_folder_in_use_and_another_nodes_folder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(on_disk(folder.path())).await.unwrap();
    let second = Cluster::open(on_disk(folder.path())).await.unwrap_err();
    assert!(matches!(second, OpenError::Storage(coffer_storage::OpenError::Locked { .. })), "{second}");
    cluster.shutdown().await;
    drop(cluster);
    let renamed = ClusterOptions { node_id: Some("two".into()), ..on_disk(folder.path()) };
    let refused = Cluster::open(renamed).await.unwrap_err();
    assert!(matches!(refused, OpenError::Storage(coffer_storage::OpenError::OtherNode { .. })), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raft_core_that_dies_is_built_anew_three_times() {
    let cluster = formed_in_memory().await;
    for round in 1u8..=3 {
        cluster.commit(put("k", &[round])).await.unwrap();
        let mut changes = cluster.watch();
        let raft = cluster.shared.raft.load_full();
        let killed = raft.with_raft_state(|_| panic!("on purpose")).await;
        assert!(killed.is_err());
        while cluster.raft_rebuilds() < u64::from(round) || !cluster.shared.leadership.is_ready() {
            changes.changed().await.unwrap();
        }
        cluster.read_fence().await.unwrap();
        assert_eq!(value(&cluster, "k").unwrap(), [round]);
    }
    let raft = cluster.shared.raft.load_full();
    let _ = raft.with_raft_state(|_| panic!("on purpose")).await;
    let fatal = cluster.fatal().await.to_string();
    assert!(fatal.contains("more than 3 times"), "{fatal}");
    cluster.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_large_entries_is_purged_and_the_rest_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(on_disk(folder.path())).await.unwrap();
    cluster.form().await.unwrap();
    for number in 0..140u8 {
        cluster.commit(put(&format!("k/{number:03}"), &vec![number; 512 << 10])).await.unwrap();
    }
    let raft = cluster.shared.raft.load_full();
    let patience = Some(Duration::from_secs(30));
    raft.wait(patience).metrics(|metrics| metrics.purged.is_some_and(|id| id.index > 20), "purged").await.unwrap();
    // What is purged leaves the file with the next commit.
    cluster.commit(put("last", b"")).await.unwrap();
    assert!(cluster.shared.stores.log.stored_bytes() < 64 << 20);
    drop(raft);
    cluster.shutdown().await;
    drop(cluster);

    let cluster = Cluster::open(on_disk(folder.path())).await.unwrap();
    cluster.shared.leadership.wait_ready().await;
    cluster.read_fence().await.unwrap();
    for number in 0..140u8 {
        assert_eq!(value(&cluster, &format!("k/{number:03}")).unwrap(), vec![number; 512 << 10]);
    }
    assert!(cluster.get("last").unwrap().is_some());
}

#[tokio::test]
async fn waiting_fences_share_rounds() {
    let cluster = formed_in_memory().await;
    // Without the sole voter's short cut.
    cluster.shared.sole.list_appended(u64::MAX);
    let fences: Vec<_> = (0..100)
        .map(|_| {
            let cluster = Arc::clone(&cluster);
            tokio::spawn(async move { cluster.read_fence().await })
        })
        .collect();
    for fence in fences {
        fence.await.unwrap().unwrap();
    }
    let rounds = cluster.shared.fence.rounds.load(Ordering::Relaxed);
    assert!((1..10).contains(&rounds), "{rounds} rounds for 100 fences");
}
