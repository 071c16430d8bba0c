//! Rotation of keys on a whole node: what lay under old keys stays readable, and new shares open what the old ones did.

use coffer_core::{Failure, Operation};
use coffer_seal::{KeyShare, decode_root_token};
use serde_json::{Value, json};

use crate::support::TestNode;

async fn write_secret(node: &TestNode, value: u64) {
    node.write("cubbyhole/x", json!({ "value": value })).await.unwrap();
}

async fn secret(node: &TestNode) -> Value {
    node.read("cubbyhole/x").await["data"]["value"].clone()
}

async fn post(node: &TestNode, path: &str, data: Value) -> Value {
    node.write(path, data).await.unwrap()["data"].clone()
}

async fn open_with(node: &TestNode, shares: &[Value]) {
    node.node.seal().await;
    for share in shares {
        node.node.unseal(KeyShare::parse(share.as_str().unwrap()).unwrap()).await.unwrap();
    }
    assert!(node.node.active().is_some());
}

#[tokio::test]
async fn what_lies_under_old_keys_stays_readable() {
    let node = TestNode::active().await;
    for term in 2..5 {
        write_secret(&node, term).await;
        node.write("sys/rotate", json!({})).await.unwrap();
        assert_eq!(node.read("sys/key-status").await["data"]["term"], term);
        assert_eq!(secret(&node).await, term);
    }
    node.write("sys/rotate/root", json!({})).await.unwrap();
    node.node.seal().await;
    node.unseal().await;
    assert_eq!(secret(&node).await, 4);
    assert_eq!(node.read("sys/key-status").await["data"]["term"], 4);
}

#[tokio::test]
async fn rotations_at_the_same_time_lose_no_key() {
    let node = std::sync::Arc::new(TestNode::active().await);
    write_secret(&node, 1).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let node = std::sync::Arc::clone(&node);
            tokio::spawn(async move { node.write("sys/rotate", json!({})).await })
        })
        .collect();
    let mut rotated = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => rotated += 1,
            Err(Failure::Unavailable(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert!(rotated >= 1);
    write_secret(&node, 2).await;
    node.node.seal().await;
    node.unseal().await;
    assert_eq!(secret(&node).await, 2);
    assert_eq!(node.read("sys/key-status").await["data"]["term"], rotated + 1);
}

#[tokio::test]
async fn rotation_settings_are_kept_within_bounds() {
    let node = TestNode::active().await;
    let set = |data: Value| node.write("sys/rotate/config", data);
    set(json!({ "enabled": false, "interval": "48h", "max_operations": 2_000_000 })).await.unwrap();
    let config = node.read("sys/rotate/config").await["data"].clone();
    assert_eq!(config, json!({ "enabled": false, "interval": "48h0m0s", "max_operations": 2_000_000 }));
    assert!(set(json!({ "interval": "1h" })).await.is_err());
    assert!(set(json!({ "max_operations": 5 })).await.is_err());
    set(json!({ "interval": 0 })).await.unwrap();
    assert_eq!(node.read("sys/rotate/config").await["data"]["interval"], 0);
}

#[tokio::test]
async fn new_shares_by_callers_with_a_token_open_the_server() {
    let node = TestNode::active().await;
    write_secret(&node, 7).await;
    let begun = post(&node, "sys/rotate/root/init", json!({ "secret_shares": 3, "secret_threshold": 2 })).await;
    let present = node.share();
    let done = post(&node, "sys/rotate/root/update", json!({ "key": present, "nonce": begun["nonce"] })).await;
    let keys = done["keys"].as_array().unwrap().clone();
    assert_eq!((keys.len(), &done["complete"]), (3, &json!(true)));
    open_with(&node, &keys[1..]).await;
    assert_eq!(secret(&node).await, 7);

    // With verification the old shares count until the new ones were given back.
    let begun = json!({ "secret_shares": 1, "secret_threshold": 1, "require_verification": true });
    let nonce = post(&node, "sys/rotate/root/init", begun).await["nonce"].clone();
    let mut last = Value::Null;
    for key in &keys[..2] {
        last = post(&node, "sys/rotate/root/update", json!({ "key": key, "nonce": nonce })).await;
    }
    let standing = node.read("sys/rotate/root/verify").await["data"].clone();
    assert_eq!((&standing["nonce"], &standing["started"]), (&last["verification_nonce"], &json!(true)));
    let given = json!({ "key": last["keys"][0], "nonce": last["verification_nonce"] });
    assert_eq!(post(&node, "sys/rotate/root/verify", given).await["complete"], true);
    open_with(&node, &[last["keys"][0].clone()]).await;
    assert_eq!(secret(&node).await, 7);
    assert_eq!(node.read("sys/rotate/root/init").await["data"]["started"], false);
}

#[tokio::test]
async fn a_root_token_by_shares_and_a_token() {
    let node = TestNode::active().await;
    let begun = post(&node, "sys/generate-root-token/attempt", json!({})).await;
    let given = json!({ "key": node.share(), "nonce": begun["nonce"] });
    let done = post(&node, "sys/generate-root-token/update", given).await;
    assert_eq!(done["complete"], true);
    let otp = begun["otp"].as_str().unwrap();
    let token = decode_root_token(done["encoded_token"].as_str().unwrap(), otp).unwrap();
    let looked = node.ask(Operation::Read, "auth/token/lookup-self", Value::Null, &token).await.unwrap();
    assert_eq!(crate::support::shown(&looked)["data"]["policies"], json!(["root"]));
    let decoded = post(&node, "sys/decode-token", json!({ "encoded_token": done["encoded_token"], "otp": otp })).await;
    assert_eq!(decoded["token"], token.as_str());
}
