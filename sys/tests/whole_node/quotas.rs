//! Rate limits on a whole node.

use coffer_core::{Failure, Operation};
use serde_json::{Value, json};

use crate::support::TestNode;

#[tokio::test]
async fn a_quota_refuses_what_goes_beyond_and_ends_with_its_mount() {
    let node = TestNode::active().await;
    node.write("sys/mounts/kv", json!({ "type": "kv" })).await.unwrap();
    let rule = json!({ "path": "kv/a*", "rate": 2, "interval": "1h" });
    node.write("sys/quotas/rate-limit/q", rule).await.unwrap();
    node.write("sys/quotas/config", json!({ "enable_rate_limit_response_headers": true })).await.unwrap();
    let read = |path: &'static str| node.ask(Operation::Read, path, Value::Null, &node.root);
    node.write("kv/a1", json!({ "v": 1 })).await.unwrap();
    let allowed = read("kv/a1").await.unwrap();
    assert!(allowed.headers.contains(&("x-ratelimit-remaining", "0".to_owned())), "{:?}", allowed.headers);
    // Before anybody looks at the token.
    for token in [node.root.as_str(), ""] {
        let refused = node.ask(Operation::Read, "kv/a1", Value::Null, token).await.unwrap_err();
        let Failure::TooManyRequests { reason, headers } = refused else { panic!("{refused}") };
        assert_eq!(reason, "request path \"kv/a1\": rate limit quota exceeded");
        assert!(headers.iter().any(|(name, value)| *name == "retry-after" && value == "3600"), "{headers:?}");
    }
    assert!(matches!(read("kv/b").await, Err(Failure::NotFound)));
    node.ask(Operation::Delete, "sys/mounts/kv", Value::Null, &node.root).await.unwrap();
    assert!(matches!(read("sys/quotas/rate-limit/q").await, Err(Failure::NotFound)));
}

#[tokio::test]
async fn the_logins_of_a_role_are_counted_apart() {
    let node = TestNode::active().await;
    node.write("sys/auth/ar", json!({ "type": "approle" })).await.unwrap();
    node.write("auth/ar/role/web", json!({ "role_id": "web-id" })).await.unwrap();
    let rule = json!({ "path": "auth/ar", "role": "web", "rate": 1, "interval": "1h" });
    node.write("sys/quotas/rate-limit/q", rule).await.unwrap();
    let login = |id: &'static str| node.ask(Operation::Update, "auth/ar/login", json!({ "role_id": id }), "");
    let is_refused = |result: &Result<_, Failure>| matches!(result, Err(Failure::TooManyRequests { .. }));
    assert!(!is_refused(&login("web-id").await));
    assert!(is_refused(&login("web-id").await));
    assert!(!is_refused(&login("other").await));
}
