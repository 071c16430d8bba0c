//! Members in one process, over real TLS on loopback.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use coffer_model::{ClusterControl, Command, Membership, NewMember, NodeRole, Put, Store};
use coffer_tls::{Authority, Identity, LeafRequest, PemSource, ReloadableIdentity, ReloadableRoots, Roots};

use crate::{Cluster, ClusterOptions, ClusterTls, OpenError, StorageMedium, TransportOptions};

pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// A CA, and certificates of it for 127.0.0.1.
pub(super) struct Certificates(pub(super) Authority);

impl Certificates {
    pub(super) fn new() -> Self {
        Self(Authority::new("test CA", Duration::from_secs(3600)).unwrap())
    }

    pub(super) fn leaf(&self, names: &[&str]) -> Arc<ReloadableIdentity> {
        let request = LeafRequest {
            common_name: "member".into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            lifetime: Duration::from_secs(3600),
        };
        let issued = self.0.issue(&request).unwrap();
        let text = PemSource::Inline("test");
        let identity = Identity::from_pem(issued.certificate.as_bytes(), text.clone(), issued.key.as_bytes(), text);
        ReloadableIdentity::fixed(identity.unwrap())
    }

    pub(super) fn roots(&self) -> Arc<ReloadableRoots> {
        ReloadableRoots::fixed(Roots::from_pem(self.0.certificate().as_bytes(), "test").unwrap())
    }

    pub(super) fn tls(&self) -> ClusterTls {
        ClusterTls::Certificates { identity: self.leaf(&["127.0.0.1"]), roots: self.roots() }
    }
}

/// What a node is opened with; its port stays over restarts.
#[derive(Clone)]
pub(super) struct Recipe {
    pub(super) options: ClusterOptions,
}

impl Recipe {
    pub(super) fn new(folder: &Path, name: &str, tls: ClusterTls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let cluster_address = listener.local_addr().unwrap().to_string();
        let options = ClusterOptions {
            storage: StorageMedium::Raft { path: folder.join(name) },
            node_id: Some(name.into()),
            cluster_address,
            api_address: format!("http://{name}"),
            transport: Some(TransportOptions { listeners: vec![Arc::new(listener)], tls }),
            ..ClusterOptions::in_memory()
        };
        Self { options }
    }

    /// Within one process a connection that is just ending can hold the folder's lock for a moment longer than the node that
    /// was shut down.
    pub(super) async fn open(&self) -> Arc<Cluster> {
        for _ in 0..100 {
            match Cluster::open(self.options.clone()).await {
                Err(OpenError::Storage(coffer_storage::OpenError::Locked { .. })) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                opened => return opened.unwrap(),
            }
        }
        panic!("the folder of {:?} stays locked", self.options.node_id);
    }
}

pub(super) fn put(key: &str, value: &[u8]) -> Command {
    Command { puts: vec![Put { key: key.into(), value: value.to_vec() }], ..Command::default() }
}

pub(super) fn new_member(cluster: &Cluster) -> NewMember {
    let card = cluster.own_card();
    NewMember {
        node_id: card.node_id,
        raft_id: card.raft_id,
        cluster_address: card.cluster_address,
        api_address: card.api_address,
        public_key: card.public_key,
        non_voter: false,
    }
}

/// As the API does it: the joiner gets the card, the leader admits it.
pub(super) async fn join(leader: &Cluster, joiner: &Cluster) {
    joiner.adopt(leader.cluster_card().unwrap()).await.unwrap();
    leader.admit(new_member(joiner)).await.unwrap();
}

/// Waits until it is so.
pub(super) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waited).await.is_ok(), "{what}");
}

pub(super) fn voters(cluster: &Cluster) -> usize {
    cluster.status().members.iter().filter(|member| member.voter).count()
}

/// Three voters; the first leads.
pub(super) async fn three(recipes: &[Recipe; 3]) -> [Arc<Cluster>; 3] {
    let [a, b, c] = recipes;
    let nodes = [a.open().await, b.open().await, c.open().await];
    nodes[0].form().await.unwrap();
    join(&nodes[0], &nodes[1]).await;
    join(&nodes[0], &nodes[2]).await;
    until("three voters", || nodes.iter().all(|node| voters(node) == 3)).await;
    nodes
}

pub(super) fn leader(nodes: &[&Arc<Cluster>]) -> Option<usize> {
    nodes.iter().position(|node| node.status().role == NodeRole::Leader && node.shared.leadership.is_ready())
}

pub(super) fn holds(node: &Cluster, key: &str, value: &[u8]) -> bool {
    node.get(key).unwrap().is_some_and(|found| found.value == value)
}

fn recipes(folder: &Path, tls: impl Fn() -> ClusterTls) -> [Recipe; 3] {
    ["a", "b", "c"].map(|name| Recipe::new(folder, name, tls()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_replicate_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::new();
    let nodes = three(&recipes(folder.path(), || certificates.tls())).await;
    for number in 0..50u8 {
        nodes[0].commit(put(&format!("k/{number}"), &[number])).await.unwrap();
    }
    nodes[0].read_fence().await.unwrap();
    until("replicated", || nodes.iter().all(|node| holds(node, "k/49", &[49]))).await;
    for node in &nodes {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_without_certificates_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = three(&recipes(folder.path(), || ClusterTls::Internal)).await;
    nodes[0].commit(put("k", b"v")).await.unwrap();
    until("replicated", || nodes.iter().all(|node| holds(node, "k", b"v"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leaders_end_makes_another_lead_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::new();
    let recipes = recipes(folder.path(), || certificates.tls());
    let [a, b, c] = three(&recipes).await;
    a.commit(put("k", b"1")).await.unwrap();
    a.shutdown().await;
    drop(a);
    until("a new leader", || leader(&[&b, &c]).is_some()).await;
    let rest = [&b, &c];
    let lead = rest[leader(&rest).unwrap()];
    lead.read_fence().await.unwrap();
    assert!(holds(lead, "k", b"1"));
    lead.commit(put("k", b"2")).await.unwrap();
    let a = recipes[0].open().await;
    until("caught up", || holds(&a, "k", b"2")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_followers_restart_changes_no_term() {
    // On a machine that has no time for a heartbeat the term may change for that; not again and again.
    for _ in 0..4 {
        if restarts_without_election().await {
            return;
        }
    }
    panic!("the term changes with every restart");
}

async fn restarts_without_election() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::new();
    let recipes = recipes(folder.path(), || certificates.tls());
    let [a, b, mut c] = three(&recipes).await;
    let term = a.status().term;
    for round in 0..5u8 {
        c.shutdown().await;
        drop(c);
        if a.commit(put("k", &[round])).await.is_err() {
            return false;
        }
        c = recipes[2].open().await;
        until("caught up", || holds(&c, "k", &[round])).await;
    }
    [&a, &b, &c].iter().all(|node| node.status().term == term)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_far_behind_gets_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::new();
    let [a, b, c] = recipes(folder.path(), || certificates.tls());
    let (leader, joiner) = (a.open().await, b.open().await);
    leader.form().await.unwrap();
    for number in 0..100u32 {
        leader.commit(put(&format!("k/{number:03}"), &vec![7; 20_000])).await.unwrap();
    }
    let raft = leader.shared.raft.load_full();
    raft.trigger().snapshot().await.unwrap();
    let last = leader.status().applied_index;
    raft.wait(Some(PATIENCE))
        .metrics(|metrics| metrics.snapshot.is_some_and(|id| id.index >= last), "built")
        .await
        .unwrap();
    raft.trigger().purge_log(last).await.unwrap();
    raft.wait(Some(PATIENCE))
        .metrics(|metrics| metrics.purged.is_some_and(|id| id.index >= last), "purged")
        .await
        .unwrap();
    join(&leader, &joiner).await;
    until("installed", || holds(&joiner, "k/099", &vec![7; 20_000])).await;
    assert_eq!(joiner.scan("k/", "", 1000).unwrap().len(), 100);
    leader.commit(put("after", b"1")).await.unwrap();
    until("goes on", || holds(&joiner, "after", b"1")).await;
    // What was received is not left behind.
    let left = std::fs::read_dir(folder.path().join("b")).unwrap();
    let left: Vec<_> = left
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("snapshot"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // In memory alike.
    let mut in_memory = c;
    in_memory.options.storage = StorageMedium::InMemory;
    let third = in_memory.open().await;
    join(&leader, &third).await;
    until("installed", || holds(&third, "k/099", &vec![7; 20_000])).await;
}
