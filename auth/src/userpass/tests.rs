//! Users as callers meet them: through the whole pipeline.

use coffer_core::policies::PolicyRecord;
use coffer_core::{Failure, Operation};
use serde_json::{Value, json};

use crate::test_node::{TestNode, told};

const ANN: &str = "auth/userpass/users/ann";
const LOGIN: &str = "auth/userpass/login/ann";

async fn with_ann(data: Value) -> TestNode {
    let node = TestNode::with("userpass").await;
    let mut user = json!({"password": "right"});
    user.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    node.write(ANN, user).await.unwrap();
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in_under_every_spelling_of_the_name() {
    let node = with_ann(json!({"token_policies": "team", "token_ttl": "10m"})).await;
    let first = node.login(LOGIN, json!({"password": "right"})).await.unwrap();
    assert_eq!(first["policies"], json!(["default", "team"]));
    assert_eq!((&first["lease_duration"], &first["metadata"]), (&json!(600), &json!({"username": "ann"})));
    let second = node.login("auth/userpass/login/ANN", json!({"password": "right"})).await.unwrap();
    assert_eq!(first["entity_id"], second["entity_id"]);
    assert_eq!(node.list("auth/userpass/users").await.unwrap(), json!(["ann"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_under_another_spelling_is_of_the_same_user() {
    let node = with_ann(json!({})).await;
    node.write("auth/userpass/users/ANN/password", json!({"password": "new"})).await.unwrap();
    node.write("auth/userpass/users/Ann/policies", json!({"token_policies": "A, b"})).await.unwrap();
    assert_eq!(node.list("auth/userpass/users").await.unwrap(), json!(["ann"]));
    assert!(node.login(LOGIN, json!({"password": "right"})).await.is_err());
    assert_eq!(
        node.login(LOGIN, json!({"password": "new"})).await.unwrap()["token_policies"],
        json!(["a", "b", "default"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_against_a_user_holds_for_every_spelling() {
    let node = with_ann(json!({})).await;
    let rules = "path \"auth/userpass/users/*\" { capabilities = [\"read\"] }\npath \"auth/userpass/users/ann\" { capabilities = [\"deny\"] }";
    let now = node.active().now();
    node.commit(|tx| PolicyRecord::new(rules, now).write(tx, "looker").unwrap()).await;
    node.write("auth/userpass/users/bob", json!({"password": "p", "token_policies": "looker"})).await.unwrap();
    let bob = node.login("auth/userpass/login/bob", json!({"password": "p"})).await.unwrap();
    let token = bob["client_token"].as_str();
    assert!(node.send(Operation::Read, "auth/userpass/users/bob", Value::Null, token).await.is_ok());
    for name in ["ann", "Ann", "ANN"] {
        let path = format!("auth/userpass/users/{name}");
        assert!(matches!(node.send(Operation::Read, &path, Value::Null, token).await, Err(Failure::Denied)), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_name_is_no_path() {
    let node = with_ann(json!({})).await;
    for name in [" ann", "ann ", "ann\0", "ann.", "a@b", "\u{ff41}nn"] {
        let path = format!("auth/userpass/login/{name}");
        let failed = told(node.login(&path, json!({"password": "right"})).await);
        assert_eq!(failed, told(Err::<(), _>(Failure::UnsupportedPath)), "{name:?}");
        assert!(matches!(node.read(&format!("auth/userpass/users/{name}")).await, Err(Failure::UnsupportedPath)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_and_somebody_fail_alike_and_are_locked_alike() {
    let node = with_ann(json!({})).await;
    let mut answers = Vec::new();
    for names in [["ann", "ANN", "Ann"], ["nobody", "NOBODY", "Nobody"]] {
        let mut told_to_one = Vec::new();
        for name in names.iter().cycle().take(7) {
            let path = format!("auth/userpass/login/{name}");
            told_to_one.push(told(node.login(&path, json!({"password": "wrong"})).await));
        }
        answers.push(told_to_one);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0][4].1, "invalid username or password");
    assert_eq!(answers[0][5], told(Err::<(), _>(Failure::Denied)));
    // The right password does not open it, nor does it tell whether it was right.
    assert_eq!(told(node.login(LOGIN, json!({"password": "right"})).await), answers[0][5]);
    node.pass(std::time::Duration::from_secs(15 * 60));
    assert!(node.login(LOGIN, json!({"password": "right"})).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_forgets_the_failures_before_it() {
    let node = with_ann(json!({})).await;
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(told(node.login(LOGIN, json!({"password": "wrong"})).await).1, "invalid username or password");
        }
        assert!(node.login(LOGIN, json!({"password": "right"})).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_guesses_at_once_no_more_than_five_are_answered() {
    let node = std::sync::Arc::new(with_ann(json!({})).await);
    let guesses: Vec<_> = (0..12)
        .map(|_| {
            let node = std::sync::Arc::clone(&node);
            tokio::spawn(async move { told(node.login(LOGIN, json!({"password": "wrong"})).await).1 })
        })
        .collect();
    let mut answered = 0;
    for guess in guesses {
        answered += usize::from(guess.await.unwrap() == "invalid username or password");
    }
    // Two may end at the same moment, as there are two cores and more.
    assert!((5..=5 + std::thread::available_parallelism().map_or(1, usize::from)).contains(&answered), "{answered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_root_gives_a_root_token() {
    let node = with_ann(json!({})).await;
    let before = node.active().store.scan("sys/token/id/", "", usize::MAX).unwrap();
    for policy in ["root", "ROOT", " Root ", "r\u{6f}ot", "\u{a0}root\u{2003}"] {
        node.write(ANN, json!({"token_policies": ["default", policy]})).await.unwrap();
        let failed = told(node.login(LOGIN, json!({"password": "right"})).await);
        assert_eq!(failed.1, "auth methods cannot create root tokens", "{policy:?}");
    }
    assert_eq!(node.active().store.scan("sys/token/id/", "", usize::MAX).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_bound_to_other_networks_is_refused_after_the_password() {
    let node = with_ann(json!({"token_bound_cidrs": "10.0.0.0/8"})).await;
    assert_eq!(told(node.login(LOGIN, json!({"password": "wrong"})).await).1, "invalid username or password");
    assert_eq!(told(node.login(LOGIN, json!({"password": "right"})).await), told(Err::<(), _>(Failure::Denied)));
    node.write(ANN, json!({"token_bound_cidrs": ["127.0.0.0/8"]})).await.unwrap();
    assert!(node.login(LOGIN, json!({"password": "right"})).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_renewed_by_what_its_user_says_today() {
    let node = with_ann(json!({"token_policies": "team", "token_ttl": "10m"})).await;
    let login = node.login(LOGIN, json!({"password": "right"})).await.unwrap();
    let renew = async || {
        let token = login["client_token"].as_str();
        node.send(Operation::Update, "auth/token/renew-self", json!({}), token).await
    };
    assert!(renew().await.unwrap().auth.is_some());
    node.write(ANN, json!({"token_policies": "team,more"})).await.unwrap();
    assert_eq!(renew().await.unwrap_err().to_string(), "failed to renew entry: policies have changed, not renewing");
    node.write(ANN, json!({"token_policies": "Team,default", "token_ttl": "5m"})).await.unwrap();
    assert!(renew().await.unwrap().auth.is_some());
    node.delete(ANN).await.unwrap();
    assert!(renew().await.unwrap().is_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_is_made_of_is_shown_without_the_password() {
    let node = with_ann(json!({"policies": "Old", "ttl": 60, "bound_cidrs": "127.0.0.1"})).await;
    let shown = node.read(ANN).await.unwrap();
    assert_eq!((&shown["policies"], &shown["token_policies"]), (&json!(["old"]), &json!(["old"])));
    assert_eq!(
        (&shown["ttl"], &shown["token_ttl"], &shown["bound_cidrs"]),
        (&json!(60), &json!(60), &json!(["127.0.0.1"]))
    );
    assert!(!shown.to_string().contains("$2"));
    node.write(ANN, json!({"token_ttl": 30})).await.unwrap();
    let shown = node.read(ANN).await.unwrap();
    assert_eq!((&shown["ttl"], &shown["token_ttl"]), (&Value::Null, &json!(30)));
}

/// As an OpenBao 2.7.2 wrote it; the password is "p".
const RESTORED: &str = r#"{"token_bound_cidrs":["127.0.0.1","10.0.0.0/8"],"token_explicit_max_ttl":0,"token_max_ttl":0,"token_no_default_policy":false,"token_num_uses":0,"token_period":0,"token_policies":null,"token_type":0,"token_ttl":60000000000,"token_strictly_bind_ip":false,"PasswordHash":"JDJhJDEwJE1sVEZYVHdvMjRiand3a3A4T1l1TWVYZE45dmdQQWN3bXBOd0Jnc3FrZUZUd0cuLzNyaGRX","Policies":null,"TTL":60000000000,"MaxTTL":0,"BoundCIDRs":["127.0.0.1","10.0.0.0/8"]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_user_logs_in() {
    let node = TestNode::with("userpass").await;
    let path = format!("{}user/ann", node.storage_prefix("userpass"));
    node.commit(|tx| tx.put(path, RESTORED.as_bytes().to_vec())).await;
    assert_eq!(node.login(LOGIN, json!({"password": "p"})).await.unwrap()["lease_duration"], 60);
    assert_eq!(node.read(ANN).await.unwrap()["bound_cidrs"], json!(["127.0.0.1", "10.0.0.0/8"]));
}
