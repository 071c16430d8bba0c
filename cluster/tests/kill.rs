//! kill -9 under write load: every acknowledged write is there afterwards, and the state is the log's.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::Arc;

use coffer_cluster::{Cluster, ClusterOptions, StorageMedium};
use coffer_model::{ClusterControl, Command, Put, Store};

const FOLDER: &str = "COFFER_TEST_KILL_FOLDER";
const ROUNDS: u64 = 8;
const WRITERS: u64 = 8;

async fn open(folder: &Path) -> Arc<Cluster> {
    let storage = StorageMedium::Raft { path: folder.join("data") };
    let options = ClusterOptions { storage, node_id: Some("one".into()), ..ClusterOptions::in_memory() };
    let cluster = Cluster::open(options).await.expect("opens");
    let mut changes = cluster.watch();
    // Fails where it is formed already.
    let _ = cluster.form().await;
    while cluster.read_fence().await.is_err() {
        changes.changed().await.expect("the cluster lives");
    }
    cluster
}

/// Not a test of its own: what the parent starts and kills. Acknowledges each write with a line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_writes_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let cluster = open(Path::new(&folder)).await;
    let run = std::process::id();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let cluster = Arc::clone(&cluster);
            tokio::spawn(async move {
                for count in 0u64.. {
                    let key = format!("{run}/{writer}/{count:06}");
                    let put = Put { key: key.clone(), value: vec![writer as u8; 300] };
                    cluster.commit(Command { puts: vec![put], ..Command::default() }).await.expect("commits");
                    // One write call, so that lines stay whole.
                    let _ = std::io::stdout().lock().write_all(format!("ack {key}\n").as_bytes());
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("the writer lives");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_kills() {
    if std::env::var_os(FOLDER).is_some() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let mut child = Process::new(std::env::current_exe().expect("this program"))
            .args(["child_writes_until_killed", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the child starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        // Early in some rounds, beyond a checkpoint in others.
        let wanted = acknowledged.len() + [1, 50, 700, 3000][(round % 4) as usize];
        while acknowledged.len() < wanted {
            let line = lines.next().expect("the child goes on").expect("text");
            acknowledged.extend(line.split_once("ack ").map(|(_, key)| key.to_owned()));
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        // What it had still written into the pipe was acknowledged too.
        let rest = lines.map_while(Result::ok);
        acknowledged.extend(rest.filter_map(|line| line.split_once("ack ").map(|(_, key)| key.to_owned())));

        let cluster = open(folder.path()).await;
        for key in &acknowledged {
            assert!(cluster.get(key).expect("reads").is_some(), "{key} is lost after {round} kills");
        }
        cluster.shutdown().await;
    }
}
