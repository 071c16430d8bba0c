//! A majority lost for good.

use std::fs;
use std::path::Path;

use coffer_model::{ClusterControl, NodeRole, Store};

use super::three::{Recipe, holds, join, leader, put, three, until, voters};
use crate::recovery::{OfflineNode, RecoveryError, Wanted};
use crate::{Cluster, ClusterTls, OpenError, StorageMedium};

fn recipes(folder: &Path) -> [Recipe; 3] {
    ["a", "b", "c"].map(|name| Recipe::new(folder, name, ClusterTls::Internal))
}

fn only(name: &str) -> Vec<Wanted> {
    vec![Wanted { node_id: name.into(), address: None, non_voter: false }]
}

/// Three nodes that hold a value, all stopped.
async fn stopped(recipes: &[Recipe; 3]) {
    let nodes = three(recipes).await;
    nodes[0].commit(put("k", b"v")).await.unwrap();
    until("replicated", || nodes.iter().all(|node| holds(node, "k", b"v"))).await;
    for node in nodes {
        node.shutdown().await;
    }
    // What has ended holds its files until the last of its tasks is gone.
    for recipe in recipes {
        let StorageMedium::Raft { path: folder } = &recipe.options.storage else { panic!("on disk") };
        until("the files are free", || OfflineNode::open(folder).is_ok()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_json_makes_the_last_one_lead_and_fences_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let recipes = recipes(folder.path());
    stopped(&recipes).await;
    let data = folder.path().join("a");
    fs::create_dir(data.join("raft")).unwrap();
    let file = data.join("raft/peers.json");
    fs::write(&file, r#"[{"id": "a"}, {"id": "x"}]"#).unwrap();
    let refused = Cluster::open(recipes[0].options.clone()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Recovery(RecoveryError::Wanted(_))), "{refused}");
    assert!(refused.to_string().contains("the members are a, b, c"), "{refused}");

    let address = &recipes[0].options.cluster_address;
    fs::write(&file, format!(r#"[{{"id": "a", "address": "{address}", "non_voter": false}}]"#)).unwrap();
    let a = recipes[0].open().await;
    assert!(!file.exists() && data.join("raft/peers.info").exists());
    until("a leads", || leader(&[&a]).is_some()).await;
    assert!(holds(&a, "k", b"v") && voters(&a) == 1);
    a.commit(put("k", b"2")).await.unwrap();

    let b = recipes[1].open().await;
    until("b knows that it is out", || b.status().role == NodeRole::Removed).await;
    assert_eq!(a.status().role, NodeRole::Leader);
    let d = Recipe::new(folder.path(), "d", ClusterTls::Internal).open().await;
    join(&a, &d).await;
    until("grows again", || voters(&a) == 2 && holds(&d, "k", b"2")).await;
    a.shutdown().await;
    drop(a);
    let a = recipes[0].open().await;
    until("together again", || voters(&a) == 2 && leader(&[&a, &d]).is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_are_left_agree_again() {
    let folder = tempfile::tempdir().unwrap();
    let recipes = recipes(folder.path());
    stopped(&recipes).await;
    let wanted: Vec<Wanted> = [only("b"), only("c")].concat();
    for name in ["b", "c"] {
        let node = OfflineNode::open(&folder.path().join(name)).unwrap();
        let plan = node.plan(&wanted).unwrap();
        assert_eq!((node.members().len(), plan.members().len()), (3, 2));
        node.carry_out(&plan).unwrap();
    }
    let (b, c) = (recipes[1].open().await, recipes[2].open().await);
    until("one leads", || leader(&[&b, &c]).is_some()).await;
    let nodes = [&b, &c];
    let lead = nodes[leader(&nodes).unwrap()];
    lead.commit(put("k", b"2")).await.unwrap();
    until("both have it", || holds(&b, "k", b"2") && holds(&c, "k", b"2")).await;
    assert_eq!((voters(&b), voters(&c)), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let recipes = recipes(folder.path());
    stopped(&recipes).await;
    let data = folder.path().join("a");
    let node = OfflineNode::open(&data).unwrap();
    assert!(matches!(node.plan(&only("b")), Err(RecoveryError::Wanted(why)) if why.contains("this node")));
    assert!(node.plan(&only("nobody")).is_err());
    let again = OfflineNode::open(&data);
    assert!(matches!(again, Err(RecoveryError::Open(_))), "a folder in use is left alone");
    drop((node, again));
    assert!(matches!(OfflineNode::open(&folder.path().join("nothing")), Err(RecoveryError::Files(_))));
    let nodes = [recipes[0].open().await, recipes[1].open().await];
    until("as before", || leader(&[&nodes[0], &nodes[1]]).is_some() && voters(&nodes[0]) == 3).await;
}
