//! Who leads, and how the lead moves: three members in one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use coffer_model::{
    ClusterControl, CommitError, ControlError, FenceError, NodeCondition, NodeRole, Peers, SealState, Store,
};

use super::three::{Certificates, Recipe, holds, leader, put, three, until};
use crate::{Cluster, ClusterOptions};

fn recipes(folder: &std::path::Path, certificates: &Certificates) -> [Recipe; 3] {
    ["a", "b", "c"].map(|name| Recipe::new(folder, name, certificates.tls()))
}

fn is(seal: SealState, unfit: Option<&str>) -> NodeCondition {
    NodeCondition { seal, unfit: unfit.map(str::to_owned), ..NodeCondition::default() }
}

fn unsealed() -> NodeCondition {
    is(SealState::Unsealed, None)
}

fn all_know(nodes: &[Arc<Cluster>], told: impl Fn(&NodeCondition) -> bool) -> bool {
    nodes.iter().all(|node| node.peers().len() == 2 && node.peers().iter().all(|peer| told(&peer.condition)))
}

async fn three_unsealed(recipes: &[Recipe; 3]) -> [Arc<Cluster>; 3] {
    let nodes = three(recipes).await;
    nodes.iter().for_each(|node| node.set_condition(unsealed()));
    until("unsealed", || all_know(&nodes, |condition| condition.seal == SealState::Unsealed)).await;
    until("a leader", || leading(&nodes).is_some()).await;
    nodes
}

fn leading(nodes: &[Arc<Cluster>]) -> Option<usize> {
    leader(&nodes.iter().collect::<Vec<_>>())
}

/// Writes without pause to whoever leads; keeps the longest time between two that succeeded.
struct Writers {
    stop: Arc<AtomicBool>,
    longest_gap: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<u64>>,
}

impl Writers {
    fn start(nodes: &[Arc<Cluster>]) -> Self {
        let (stop, longest_gap) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let tasks = (0..4u64).map(|writer| {
            let (nodes, stop, longest_gap) = (nodes.to_vec(), Arc::clone(&stop), Arc::clone(&longest_gap));
            tokio::spawn(async move {
                let (mut done, mut last) = (0u64, Instant::now());
                while !stop.load(Ordering::Relaxed) {
                    for node in &nodes {
                        let committed = node.commit(put(&format!("w/{writer}"), &done.to_be_bytes())).await;
                        assert!(!matches!(committed, Err(CommitError::Unknown)));
                        if committed.is_ok() {
                            done += 1;
                            let gap = u64::try_from(last.elapsed().as_millis()).unwrap();
                            longest_gap.fetch_max(gap, Ordering::Relaxed);
                            last = Instant::now();
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                done
            })
        });
        let tasks = tasks.collect();
        Self { stop, longest_gap, tasks }
    }

    /// Milliseconds; checks that the last acknowledged writes are there.
    async fn end(self, nodes: &[Arc<Cluster>]) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for (writer, task) in self.tasks.into_iter().enumerate() {
            let done = task.await.unwrap();
            assert!(done > 10, "{done} writes");
            let key = format!("w/{writer}");
            let last = (done - 1).to_be_bytes();
            until("the last write", || nodes.iter().all(|node| holds(node, &key, &last))).await;
        }
        self.longest_gap.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_steps_down_gives_the_lead_away_under_load_and_leaves_it_there() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three_unsealed(&recipes(folder.path(), &Certificates::new())).await;
    let writers = Writers::start(&nodes);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let first = leading(&nodes).unwrap();
        let term = nodes[first].status().term;
        nodes[first].step_down().await.unwrap();
        assert_ne!(nodes[first].status().role, NodeRole::Leader);
        until("another leads", || leading(&nodes).is_some_and(|second| second != first)).await;
        let second = leading(&nodes).unwrap();
        assert_eq!(nodes[second].status().term, term + 1);
        assert!(matches!(nodes[first].step_down().await, Err(ControlError::NotLeader)));
    }
    let gap = writers.end(&nodes).await;
    // On a machine that is busy with other tests; an election by lease alone takes as long again for each.
    assert!(gap < 5000, "{gap} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_leader_hands_over_once_another_is_unsealed_and_an_unfit_one_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(&recipes(folder.path(), &Certificates::new())).await;
    assert_eq!(leading(&nodes), Some(0));
    nodes[2].set_condition(unsealed());
    until("the unsealed one leads", || leading(&nodes) == Some(2)).await;
    // Nobody else is unsealed.
    assert!(matches!(nodes[2].step_down().await, Err(ControlError::Failed(reason)) if reason.contains("2 sealed")));

    nodes[1].set_condition(unsealed());
    nodes[2].set_condition(is(SealState::Unsealed, Some("no audit device can write")));
    until("the fit one leads", || leading(&nodes) == Some(1)).await;
    let seen = nodes[0].peers();
    assert!(seen.iter().any(|peer| peer.condition.unfit.is_some() && peer.node_id == "c"));
    // None is fit now, and the unfit do not pass it around.
    let term = nodes[1].status().term;
    nodes[1].set_condition(is(SealState::Unsealed, Some("no audit device can write")));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!((leading(&nodes), nodes[1].status().term), (Some(1), term));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_highest_priority_leads_when_things_are_stable() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipes = recipes(folder.path(), &Certificates::new());
    for (recipe, priority) in recipes.iter_mut().zip([0, 1, 5]) {
        recipe.options = ClusterOptions { leader_priority: Some(priority), ..recipe.options.clone() };
    }
    let nodes = three_unsealed(&recipes).await;
    until("the highest leads", || leading(&nodes) == Some(2)).await;
    let term = nodes[2].status().term;
    // Over `a`, which should not lead, or directly.
    assert!(term <= 3, "term {term}");
    nodes[2].step_down().await.unwrap();
    until("the next leads", || leading(&nodes) == Some(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_without_majority_answers_in_time_and_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three_unsealed(&recipes(folder.path(), &Certificates::new())).await;
    let first = leading(&nodes).unwrap();
    nodes[first].commit(put("before", b"1")).await.unwrap();
    // Nobody hears it any more, nor it the others.
    nodes[first].shared.transport.close();
    let begun = Instant::now();
    let (write, read) = tokio::join!(nodes[first].commit(put("alone", b"1")), nodes[first].read_fence());
    let took = begun.elapsed();
    assert!(matches!(write, Err(CommitError::Unknown | CommitError::NotLeader)), "{write:?}");
    assert!(matches!(read, Err(FenceError::NoQuorum(_) | FenceError::NotLeader)), "{read:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let others: Vec<_> = (0..3).filter(|place| *place != first).map(|place| Arc::clone(&nodes[place])).collect();
    until("the others go on", || leading(&others).is_some()).await;
    let second = leading(&others).unwrap();
    others[second].commit(put("after", b"1")).await.unwrap();
    others[second].read_fence().await.unwrap();
    assert!(nodes[first].read_fence().await.is_err());
    assert!(nodes[first].get("after").unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_follow_one_timing_under_load_without_an_election() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipes = recipes(folder.path(), &Certificates::new());
    let nodes = three_unsealed(&recipes).await;
    let first = leading(&nodes).unwrap();
    let other = (first + 1) % 3;
    let mut nodes = Vec::from(nodes);
    let restarted = nodes.remove(other);
    restarted.shutdown().await;
    drop(restarted);
    recipes[other].options.performance_multiplier = Some(4);
    nodes.insert(other, recipes[other].open().await);
    nodes[other].set_condition(unsealed());
    let term = nodes[first].status().term;
    let writers = Writers::start(&nodes);
    let beat = |nodes: &[Arc<Cluster>], millis| {
        nodes.iter().all(|node| node.status().heartbeat == Duration::from_millis(millis))
    };
    until("slower", || beat(&nodes, 240)).await;
    assert_eq!((leading(&nodes), nodes[first].status().term), (Some(first), term));
    let gap = writers.end(&nodes).await;
    assert!(gap < 5000, "{gap} ms");
    assert_eq!((nodes[first].raft_rebuilds(), nodes[first].status().term), (0, term));
}
