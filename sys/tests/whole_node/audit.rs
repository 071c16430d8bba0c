//! Audit on a whole node: who has to be recorded, and what works without.

use coffer_core::lifecycle::Phase;
use coffer_core::{Failure, Operation};
use serde_json::{Value, json};

use crate::support::TestNode;

fn file(folder: &tempfile::TempDir, name: &str) -> Value {
    json!({ "type": "file", "options": { "file_path": folder.path().join(name) } })
}

fn lines(folder: &tempfile::TempDir, name: &str) -> usize {
    std::fs::read_to_string(folder.path().join(name)).map_or(0, |text| text.lines().count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_enabled_anew_with_other_options_is_another() {
    let (node, folder) = (TestNode::active().await, tempfile::tempdir().unwrap());
    node.write("sys/audit/f", file(&folder, "one")).await.unwrap();
    node.read("sys/mounts").await;
    node.ask(Operation::Delete, "sys/audit/f", Value::Null, &node.root).await.unwrap();
    node.write("sys/audit/f", file(&folder, "two")).await.unwrap();
    let before = lines(&folder, "one");
    node.read("sys/mounts").await;
    assert_eq!(lines(&folder, "one"), before);
    assert!(before > 2 && lines(&folder, "two") > 2);
    let hash = |input: &str| node.write("sys/audit-hash/f", json!({ "input": input }));
    let (one, two) = (hash("x").await.unwrap(), hash("x").await.unwrap());
    assert_eq!(one["data"]["hash"], two["data"]["hash"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_audit_nothing_is_done_but_sealing() {
    let (node, folder) = (TestNode::active().await, tempfile::tempdir().unwrap());
    node.write("sys/audit/f", file(&folder, "log")).await.unwrap();
    // A folder in its place, and the file let go: it can't be opened any more.
    std::fs::remove_file(folder.path().join("log")).unwrap();
    std::fs::create_dir(folder.path().join("log")).unwrap();
    let _ = node.node.audit().broker().reload().await;
    let refused = node.ask(Operation::Read, "sys/mounts", Value::Null, &node.root).await.unwrap_err();
    assert!(matches!(refused, Failure::Audit(_)), "{refused}");
    node.write("sys/step-down", json!({})).await.unwrap();
    let denied = node.ask(Operation::Update, "sys/seal", json!({}), "none").await;
    assert!(denied.is_err() && node.node.active().is_some());
    node.write("sys/seal", json!({})).await.unwrap();
    assert!(matches!(&*node.node.phase(), Phase::Sealed));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_while_the_node_is_sealed_is_recorded_or_refused() {
    let (node, folder) = (std::sync::Arc::new(TestNode::active().await), tempfile::tempdir().unwrap());
    node.write("sys/audit/f", file(&folder, "log")).await.unwrap();
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let node = std::sync::Arc::clone(&node);
            tokio::spawn(async move {
                for good in 0.. {
                    let path = format!("cubbyhole/{client}");
                    let asked = match client % 2 {
                        0 => node.ask(Operation::List, "sys/policies/acl", Value::Null, &node.root).await,
                        _ => node.ask(Operation::Update, &path, json!({ "n": good }), &node.root).await,
                    };
                    if let Err(failure) = asked {
                        return (good, failure);
                    }
                }
                unreachable!("they go on until they are refused");
            })
        })
        .collect();
    while lines(&folder, "log") < 100 {
        tokio::task::yield_now().await;
    }
    node.write("sys/seal", json!({})).await.unwrap();
    let mut answered = 0;
    for client in clients {
        let (good, failure) = client.await.unwrap();
        assert!(failure.to_string().starts_with("Vault is sealed"), "{failure}");
        answered += good;
    }
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let of =
        |path: &str| log.lines().filter(|line| line.contains("\"type\":\"response\"") && line.contains(path)).count();
    assert!(answered <= of("\"path\":\"sys/policies/acl\"") + of("\"path\":\"cubbyhole/"));
}
