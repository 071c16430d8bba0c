//! Who learns what from `sys/metrics`, in every state of a node.

use crate::support::{TestNode, shown};
use coffer_core::{Body, MetricsAccess, Operation, Request, SecretText};
use serde_json::{Value, json};

const MAY_READ: &str = r#"path "sys/metrics" { capabilities = ["read"] }"#;

async fn metrics(node: &TestNode, token: &str) -> Value {
    shown(&node.ask(Operation::Read, "sys/metrics", Value::Null, token).await.unwrap())
}

fn gauge(metrics: &Value, name: &str) -> Option<f64> {
    let gauges = metrics["Gauges"].as_array().unwrap();
    gauges.iter().find(|gauge| gauge["Name"] == name).and_then(|gauge| gauge["Value"].as_f64())
}

fn tells_all(metrics: &Value) -> bool {
    gauge(metrics, "vault.core.in_flight_requests").is_some()
}

#[tokio::test]
async fn a_node_tells_its_own_state_in_every_state() {
    let mut node = TestNode::uninitialized().await;
    let four = async |node: &TestNode| {
        let metrics = metrics(node, "").await;
        assert!(!tells_all(&metrics), "{metrics}");
        ["vault.core.unsealed", "vault.core.active", "vault.raft.peers", "vault.raft.leader"]
            .map(|name| gauge(&metrics, name).unwrap())
    };
    assert_eq!(four(&node).await, [0.0, 0.0, 0.0, 0.0]);
    node.init().await;
    assert_eq!(four(&node).await, [0.0, 0.0, 1.0, 1.0]);
    node.unseal().await;
    assert_eq!(four(&node).await, [1.0, 1.0, 1.0, 1.0]);
    node.node.seal().await;
    assert_eq!(four(&node).await, [0.0, 0.0, 1.0, 1.0]);
    assert!(!tells_all(&metrics(&node, &node.root).await));
}

#[tokio::test]
async fn the_end_of_the_listeners_certificates_is_told_as_it_is_now() {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, SystemTime};

    const NAME: &str = "coffer.listener_certificate_expires_seconds";
    static DAYS: AtomicU64 = AtomicU64::new(10);
    let node = TestNode::uninitialized().await;
    assert_eq!(gauge(&metrics(&node, "").await, NAME), None);
    let began = SystemTime::now();
    let ends =
        move || Some(began - Duration::from_secs(60) + Duration::from_secs(DAYS.load(Ordering::Relaxed) * 86_400));
    node.node.local().watch_listener_certificates(Box::new(ends));
    let days = async || gauge(&metrics(&node, "").await, NAME).unwrap() / 86_400.0;
    assert!((9.9..10.0).contains(&days().await));
    DAYS.store(0, Ordering::Relaxed);
    assert!((-0.1..0.0).contains(&days().await));
}

#[tokio::test]
async fn what_was_counted_is_for_those_with_leave() {
    let node = TestNode::active().await;
    assert!(tells_all(&metrics(&node, &node.root).await));
    assert!(tells_all(&metrics(&node, &node.token_with(MAY_READ, json!({})).await).await));
    for (policy, data) in
        [(r#"path "kv/*" { capabilities = ["read"] }"#, json!({})), (MAY_READ, json!({"num_uses": 5}))]
    {
        let told = metrics(&node, &node.token_with(policy, data).await).await;
        assert!(!tells_all(&told) && told["Samples"] == json!([]) && told["Counters"] == json!([]), "{policy}");
    }
    assert!(!tells_all(&metrics(&node, "hvs.none").await));
}

#[tokio::test]
async fn a_listener_can_open_them() {
    let node = TestNode::active().await;
    let mut request = Request::new(Operation::Read, "sys/metrics");
    request.metrics_access = MetricsAccess::Open;
    request.token = Some(SecretText::new("not a token"));
    assert!(tells_all(&shown(&node.send(request).await.unwrap())));
}

#[tokio::test]
async fn requests_are_timed_by_mount_type_and_never_by_path() {
    let node = TestNode::active().await;
    node.write("sys/mounts/very-own", json!({"type": "kv"})).await.unwrap();
    node.write("very-own/some-secret", json!({"a": "b"})).await.unwrap();
    node.read("very-own/some-secret").await;
    let mut request = Request::new(Operation::Read, "sys/metrics");
    request.token = Some(SecretText::new(node.root.clone()));
    request.data = json!({"format": "prometheus"}).as_object().cloned().unwrap().into();
    let response = node.send(request).await.unwrap();
    let Body::Raw(raw) = &response.body else { panic!("{response:?}") };
    let text = std::str::from_utf8(&raw.bytes).unwrap();
    assert!(raw.content_type.starts_with("text/plain; version=0.0.4"));
    for line in ["vault_core_unsealed 1\n", "vault_route_read_count{mount_type=\"kv\"} 1\n"] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let positive = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
        assert!(value.is_some_and(|value| value > 0.0), "{name} in {text}");
    };
    for name in [
        "vault_raft_commitTime_count",
        "vault_barrier_get_count",
        "vault_barrier_put_count",
        "vault_token_lookup_count",
    ] {
        positive(name);
    }
    positive("vault_core_handle_request_count");
    assert!(!text.contains("very-own") && !text.contains("some-secret"));
}

#[tokio::test]
async fn an_unknown_form_is_refused() {
    let node = TestNode::uninitialized().await;
    let response = node.ask(Operation::Read, "sys/metrics", json!({"format": "csv"}), "").await.unwrap();
    let Body::Raw(raw) = response.body else { panic!() };
    assert_eq!((raw.status, raw.bytes), (400, b"metric response format \"csv\" unknown".to_vec()));
}
