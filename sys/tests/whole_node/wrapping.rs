//! Response wrapping: who comes first gets the answer, and nobody else.

use std::sync::Arc;
use std::time::Duration;

use coffer_core::{Failure, Operation, Request, SecretText, WrapRequest};
use serde_json::{Value, json};

use crate::support::{TestNode, shown};

async fn wrapped(node: &TestNode) -> String {
    let mut request = Request::new(Operation::Update, "sys/wrapping/wrap");
    request.token = Some(SecretText::new(node.root.as_str()));
    request.wrap = Some(WrapRequest { ttl: Duration::from_secs(60) });
    let Value::Object(data) = json!({ "a": 1 }) else { return String::new() };
    request.data = data.into();
    let answer = shown(&node.send(request).await.unwrap());
    answer["wrap_info"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_the_same_time_one_gets_the_answer() {
    let node = Arc::new(TestNode::active().await);
    for third_party in [false, true] {
        let token = wrapped(&node).await;
        let tries = (0..16).map(|_| {
            let (node, token) = (Arc::clone(&node), token.clone());
            tokio::spawn(async move {
                let (data, caller) =
                    if third_party { (json!({ "token": token }), node.root.clone()) } else { (json!({}), token) };
                node.ask(Operation::Update, "sys/wrapping/unwrap", data, &caller).await
            })
        });
        let mut got = Vec::new();
        for attempt in tries.collect::<Vec<_>>() {
            match attempt.await.unwrap() {
                Ok(response) => got.push(shown(&response)),
                Err(Failure::Invalid(text)) => assert_eq!(text, coffer_core::wrapping::NOT_VALID),
                Err(Failure::DeniedBecause(_) | Failure::Denied) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(got.len(), 1, "third party: {third_party}");
        assert_eq!(got[0]["data"], json!({ "a": 1 }));
    }
}

#[tokio::test]
async fn a_wrong_token_is_told_from_a_caller_who_may_not() {
    let node = TestNode::active().await;
    let ask = |token: Value, caller: &'static str| {
        let node = &node;
        async move {
            let data = json!({ "token": token });
            node.ask(Operation::Update, "sys/wrapping/unwrap", data, caller).await.unwrap_err().to_string()
        }
    };
    assert_eq!(ask(json!("nothing"), "").await, coffer_core::wrapping::NOT_VALID);
    assert_eq!(ask(json!(5), "").await, "error validating wrapping token: could not decode token in request body");
    assert_eq!(ask(Value::Null, "").await, "error validating wrapping token: token is empty");
    let token = wrapped(&node).await;
    assert_eq!(ask(json!(token), "").await, "permission denied");
    let looked = node.write("sys/wrapping/lookup", json!({ "token": token })).await.unwrap();
    assert_eq!(looked["data"]["creation_ttl"], 60);
}
