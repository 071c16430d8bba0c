//! What the `sys/` backend steers of the node itself.

use crate::support::{TestNode, shown};
use coffer_core::local::{LogControl, LogLevel};
use coffer_core::{Body, Failure, Operation};
use serde_json::{Value, json};

#[tokio::test]
async fn rules_for_other_origins_are_in_use_at_once_and_only_with_the_keys() {
    let node = TestNode::active().await;
    let allows = |origin: &str| node.node.local().browser.cors().allows(origin);
    assert!(!allows("https://a.example"));
    node.write("sys/config/cors", json!({"allowed_origins": "https://a.example"})).await.unwrap();
    assert!(allows("https://a.example") && !allows("https://b.example"));
    node.node.seal().await;
    assert!(!allows("https://a.example"));
    node.unseal().await;
    assert!(allows("https://a.example"));
    node.ask(Operation::Delete, "sys/config/cors", Value::Null, &node.root).await.unwrap();
    assert!(!allows("https://a.example"));
}

#[tokio::test]
async fn headers_of_the_page_are_stored_and_used() {
    let node = TestNode::active().await;
    node.write("sys/config/ui/headers/x-own", json!({"values": ["a", "b"]})).await.unwrap();
    assert_eq!(node.node.local().browser.ui_headers().headers["X-Own"], ["a", "b"]);
    assert_eq!(node.read("sys/config/ui/headers/X-OWN").await["data"], json!({"value": "a"}));
    for (name, value) in [("X-Vault-A", "b"), ("X-A", "b\r\nSet-Cookie: c"), ("X A", "b")] {
        let refused = node.write(&format!("sys/config/ui/headers/{name}"), json!({"values": [value]})).await;
        assert!(matches!(refused, Err(Failure::Invalid(_))), "{name}");
    }
}

#[tokio::test]
async fn levels_change_and_come_back() {
    let node = TestNode::active().await;
    node.write("sys/loggers/core", json!({"level": "trace"})).await.unwrap();
    assert_eq!(node.logs.levels()["core"], LogLevel::Trace);
    assert_eq!(node.read("sys/loggers").await["data"], json!({"audit": "info", "core": "trace"}));
    node.ask(Operation::Delete, "sys/loggers/core", Value::Null, &node.root).await.unwrap();
    assert_eq!(node.logs.levels()["core"], LogLevel::Info);
    for (path, body) in [("sys/loggers/nope", json!({"level": "info"})), ("sys/loggers", json!({"level": "loud"}))] {
        assert!(matches!(node.write(path, body).await, Err(Failure::Invalid(_))), "{path}");
    }
}

#[tokio::test]
async fn the_log_can_be_listened_to() {
    let node = TestNode::active().await;
    let asked = json!({"log_level": "debug", "log_format": "json"});
    let response = node.ask(Operation::Read, "sys/monitor", asked, &node.root).await.unwrap();
    let Body::Stream(mut chunks) = response.body else { panic!("no stream") };
    assert_eq!(chunks.pieces.recv().await.unwrap(), b"debug Json");
    let refused = node.ask(Operation::Read, "sys/monitor", json!({"log_level": "loud"}), &node.root).await;
    assert!(matches!(refused, Err(Failure::Invalid(_))));
}

#[tokio::test]
async fn a_release_is_put_down_once() {
    let node = TestNode::active().await;
    let listed = async || {
        shown(&node.ask(Operation::List, "sys/version-history/", Value::Null, &node.root).await.unwrap())["data"]
            .clone()
    };
    let first = listed().await;
    assert_eq!((&first["keys"], &first["key_info"]["1.2.3"]["previous_version"]), (&json!(["1.2.3"]), &Value::Null));
    node.node.seal().await;
    node.unseal().await;
    assert_eq!(listed().await, first);
}

#[tokio::test]
async fn the_document_tells_of_every_route_and_nothing_to_strangers() {
    let node = TestNode::active().await;
    let document = node.read("sys/internal/specs/openapi").await;
    let paths = document["paths"].as_object().unwrap();
    for path in ["/sys/health", "/sys/metrics", "/sys/mounts/{path}", "/auth/token/create", "/cubbyhole/{path}"] {
        assert!(paths.contains_key(path), "{path} in {:?}", paths.keys());
    }
    assert_eq!(paths["/sys/config/cors"]["x-vault-sudo"], true);
    let stranger = node.ask(Operation::Read, "sys/internal/specs/openapi", Value::Null, "").await.unwrap();
    assert_eq!(shown(&stranger)["paths"], json!({}));
}

#[tokio::test]
async fn every_path_has_help_for_those_with_a_token() {
    let node = TestNode::active().await;
    let help = async |path: &str, token: &str| node.ask(Operation::Help, path, Value::Null, token).await;
    let page = shown(&help("sys/mounts/x", &node.root).await.unwrap());
    assert!(page["help"].as_str().unwrap().starts_with("Request:        mounts/x\n"), "{page}");
    assert_eq!(page["see_also"], Value::Null);
    assert!(page["openapi"]["paths"]["/mounts/{path}"].is_object(), "{page}");
    assert!(shown(&help("sys", &node.root).await.unwrap())["help"].as_str().unwrap().contains("^health$"));
    assert!(matches!(help("sys/nothing", &node.root).await, Err(Failure::UnsupportedPath)));
    assert!(help("sys/mounts", "").await.is_err());
}

#[tokio::test]
async fn paths_of_raft_exist_on_raft_alone() {
    let node = TestNode::active().await;
    for path in ["configuration", "autopilot/state", "autopilot/configuration"] {
        let path = format!("sys/storage/raft/{path}");
        let answer = node.ask(Operation::Read, &path, Value::Null, &node.root).await;
        assert!(matches!(answer, Err(Failure::UnsupportedPath)), "{path}");
    }
    let nodes = &node.read("sys/ha-status").await["data"]["nodes"];
    assert_eq!((nodes.as_array().unwrap().len(), &nodes[0]["active_node"]), (1, &json!(true)));
}

#[tokio::test]
async fn only_what_is_built_in_is_in_the_catalogue() {
    let node = TestNode::active().await;
    assert_eq!(node.read("sys/plugins/catalog").await["data"]["auth"], json!(["approle", "userpass"]));
    let foreign = json!({"sha256": "00".repeat(32), "command": "x"});
    let refused = node.write("sys/plugins/catalog/secret/x", foreign).await.unwrap_err().to_string();
    assert!(refused.contains("no external plugins"), "{refused}");
}
