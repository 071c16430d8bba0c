//! How fast commits are: N callers, each waiting for its own answer.
//!
//! `cargo run --release -p coffer-cluster --example commit_rate -- [callers] [seconds] [value bytes] [folder]`;
//! without a folder everything stays in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use coffer_cluster::{Cluster, ClusterOptions, StorageMedium};
use coffer_model::{ClusterControl, Command, Put, Store};

/// Keys that each caller writes in turn.
const KEYS: u64 = 1000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let callers: u64 = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let bytes: usize = arguments.next().map_or(Ok(512), |text| text.parse())?;
    let storage = arguments.next().map_or(StorageMedium::InMemory, |path| StorageMedium::Raft { path: path.into() });

    let started = Instant::now();
    let cluster = Cluster::open(ClusterOptions { storage, ..ClusterOptions::in_memory() }).await?;
    println!("open after {:?}", started.elapsed());
    // A folder of an earlier run is formed already.
    let formed = cluster.form().await;
    while cluster.read_fence().await.is_err() {
        tokio::task::yield_now().await;
    }
    println!("leading after {:?} ({})", started.elapsed(), if formed.is_ok() { "formed" } else { "restarted" });

    let stop = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let tasks: Vec<_> =
        (0..callers).map(|caller| tokio::spawn(run(Arc::clone(&cluster), caller, bytes, Arc::clone(&stop)))).collect();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    let at = |share: usize| latencies.get(latencies.len() * share / 1000).copied().unwrap_or_default();
    println!(
        "{callers} callers, {bytes} bytes: {:.0} commits/s, p50 {:?}, p99 {:?}, p99.9 {:?}",
        latencies.len() as f64 / elapsed.as_secs_f64(),
        at(500),
        at(990),
        at(999)
    );
    cluster.shutdown().await;
    Ok(())
}

async fn run(
    cluster: Arc<Cluster>,
    caller: u64,
    bytes: usize,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Duration>, coffer_model::CommitError> {
    let mut latencies = Vec::new();
    let mut count = 0u64;
    while !stop.load(Ordering::Relaxed) {
        let key = format!("logical/{caller:04}/{:04}", count % KEYS);
        let command = Command { puts: vec![Put { key, value: vec![caller as u8; bytes] }], ..Command::default() };
        let started = Instant::now();
        cluster.commit(command).await?;
        latencies.push(started.elapsed());
        count += 1;
    }
    Ok(latencies)
}
