//! Roles and secret ids as callers meet them: through the whole pipeline.

use std::sync::Arc;
use std::time::Duration;

use coffer_core::{Failure, Operation};
use serde_json::{Value, json};

use crate::test_node::{TestNode, told};

const ROLE: &str = "auth/approle/role/web";
const LOGIN: &str = "auth/approle/login";

async fn with_role(data: Value) -> TestNode {
    let node = TestNode::with("approle").await;
    let mut role = json!({"role_id": "web-id"});
    role.as_object_mut().unwrap().extend(data.as_object().unwrap().clone());
    node.write(ROLE, role).await.unwrap();
    node
}

async fn secret_id(node: &TestNode, data: Value) -> Value {
    node.write(&format!("{ROLE}/secret-id"), data).await.unwrap()
}

async fn log_in(node: &TestNode, secret_id: &Value) -> Result<Value, Failure> {
    node.login(LOGIN, json!({"role_id": "web-id", "secret_id": secret_id["secret_id"]})).await
}

const WRONG: &str = "invalid role or secret ID";

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_logs_in_and_its_token_tells_where_it_is_from() {
    let node = with_role(json!({"token_policies": "web", "token_ttl": "20m"})).await;
    let made = secret_id(&node, json!({"metadata": "{\"host\": \"h1\"}"})).await;
    let login = log_in(&node, &made).await.unwrap();
    assert_eq!(login["metadata"], json!({"host": "h1", "role_name": "web"}));
    assert_eq!((&login["lease_duration"], &login["policies"]), (&json!(1200), &json!(["default", "web"])));
    assert_eq!(login["entity_id"], log_in(&node, &made).await.unwrap()["entity_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_id_is_not_stored_in_clear() {
    let node = with_role(json!({})).await;
    node.write(&format!("{ROLE}/custom-secret-id"), json!({"secret_id": "known-secret"})).await.unwrap();
    let keys = node.keys("approle", "");
    assert!(keys.iter().any(|key| key.starts_with("secret_id/")));
    assert!(!keys.iter().any(|key| key.contains("known-secret") || key.contains("web-id")), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_logins_at_once_as_many_succeed_as_there_are_uses() {
    let node = Arc::new(with_role(json!({"secret_id_num_uses": 3})).await);
    let made = Arc::new(secret_id(&node, json!({})).await);
    let logins: Vec<_> = (0..12)
        .map(|_| {
            let (node, made) = (Arc::clone(&node), Arc::clone(&made));
            tokio::spawn(async move { log_in(&node, &made).await.is_ok() })
        })
        .collect();
    let mut succeeded = 0;
    for login in logins {
        succeeded += usize::from(login.await.unwrap());
    }
    assert_eq!(succeeded, 3);
    assert!(node.keys("approle", "secret_id/").is_empty() && node.keys("approle", "accessor/").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_fails_takes_no_use() {
    let node = with_role(json!({"secret_id_num_uses": 1})).await;
    let made = secret_id(&node, json!({"cidr_list": "10.0.0.0/8"})).await;
    assert!(told(log_in(&node, &made).await).1.contains("unauthorized by CIDR restrictions on the secret ID"));
    let known = node.write(&format!("{ROLE}/secret-id/lookup"), json!({"secret_id": made["secret_id"]})).await.unwrap();
    assert_eq!(known["secret_id_num_uses"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_secret_id_is_gone_at_once_and_swept_later() {
    let node = with_role(json!({"secret_id_ttl": "10m"})).await;
    let made = secret_id(&node, json!({})).await;
    node.pass(Duration::from_secs(599));
    assert!(log_in(&node, &made).await.is_ok());
    node.pass(Duration::from_secs(1));
    assert_eq!(told(log_in(&node, &made).await).1, WRONG);
    assert!(matches!(node.list(&format!("{ROLE}/secret-id")).await, Err(Failure::NotFound)));
    let accessor = json!({"secret_id_accessor": made["secret_id_accessor"]});
    assert_eq!(node.write(&format!("{ROLE}/secret-id-accessor/lookup"), accessor).await.unwrap(), Value::Null);
    let lasting = secret_id(&node, json!({})).await;
    node.tidy("approle").await;
    assert_eq!((node.keys("approle", "secret_id/").len(), node.keys("approle", "accessor/").len()), (1, 1));
    assert!(log_in(&node, &lasting).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_ids_of_a_removed_role_are_swept_however_many() {
    let node = with_role(json!({})).await;
    let made = secret_id(&node, json!({})).await;
    let (prefix, first) = (node.storage_prefix("approle"), node.keys("approle", "secret_id/").remove(0));
    let folder = first.rsplit_once('/').unwrap().0.to_owned();
    for part in [0..1250, 1250..2500] {
        node.commit(|tx| {
            let record = tx.get(&format!("{prefix}{first}")).unwrap().unwrap();
            part.for_each(|number| tx.put(format!("{prefix}{folder}/{number:064}"), record.clone()));
        })
        .await;
    }
    node.delete(ROLE).await.unwrap();
    assert!(!node.keys("approle", "secret_id/").is_empty());
    // A new role of the same name and id has no part in the old one's secret ids.
    node.write(ROLE, json!({"role_id": "web-id"})).await.unwrap();
    let lasting = secret_id(&node, json!({})).await;
    assert_eq!(told(log_in(&node, &made).await).1, WRONG);
    node.tidy("approle").await;
    assert_eq!(node.keys("approle", "secret_id/").len(), 1);
    assert!(log_in(&node, &lasting).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accessor_is_of_use_with_its_own_role_alone() {
    let node = with_role(json!({})).await;
    node.write("auth/approle/role/other", json!({})).await.unwrap();
    let made = secret_id(&node, json!({})).await;
    let accessor = json!({"secret_id_accessor": made["secret_id_accessor"]});
    let other = "auth/approle/role/other/secret-id-accessor";
    let refused = node.write(&format!("{other}/destroy"), accessor.clone()).await;
    assert!(matches!(refused, Err(Failure::DeniedBecause(_))));
    assert_eq!(node.write(&format!("{other}/lookup"), accessor.clone()).await.unwrap(), Value::Null);
    assert!(log_in(&node, &made).await.is_ok());
    node.write(&format!("{ROLE}/secret-id-accessor/destroy"), accessor).await.unwrap();
    assert_eq!(told(log_in(&node, &made).await).1, WRONG);
    assert!(node.keys("approle", "accessor/").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_role_and_wrong_secret_fail_alike_and_are_locked_alike() {
    let node = with_role(json!({})).await;
    let mut answers = Vec::new();
    for role_id in ["web-id", "none"] {
        let mut told_to_one = Vec::new();
        for _ in 0..6 {
            told_to_one.push(told(node.login(LOGIN, json!({"role_id": role_id, "secret_id": "x"})).await));
        }
        answers.push(told_to_one);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!((answers[0][4].1.as_str(), answers[0][5].1.as_str()), (WRONG, "permission denied"));
    let made = secret_id(&node, json!({})).await;
    assert_eq!(told(log_in(&node, &made).await), answers[0][5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_is_the_same_role() {
    let node = with_role(json!({})).await;
    node.write("auth/approle/role/WEB", json!({"token_ttl": 60})).await.unwrap();
    assert_eq!(node.list("auth/approle/role").await.unwrap(), json!(["web"]));
    let made = node.write("auth/approle/role/Web/secret-id", json!({})).await.unwrap();
    assert_eq!(log_in(&node, &made).await.unwrap()["lease_duration"], 60);
    let rename = node.write("auth/approle/role/two", json!({"role_id": "web-id"})).await;
    assert_eq!(told(rename).1, "role_id already in use");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_role_id_takes_the_place_of_the_old_one() {
    let node = with_role(json!({})).await;
    let made = secret_id(&node, json!({})).await;
    node.write(&format!("{ROLE}/role-id"), json!({"role_id": "second"})).await.unwrap();
    assert_eq!(told(log_in(&node, &made).await).1, WRONG);
    let by_second = json!({"role_id": " second ", "secret_id": made["secret_id"]});
    assert!(node.login(LOGIN, by_second).await.is_ok());
    assert_eq!(node.keys("approle", "role_id/").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_asks_something_of_a_login_always() {
    let node = with_role(json!({"secret_id_bound_cidrs": "127.0.0.0/8", "bind_secret_id": false})).await;
    assert!(node.login(LOGIN, json!({"role_id": "web-id"})).await.is_ok());
    let without = node.delete(&format!("{ROLE}/secret-id-bound-cidrs")).await;
    assert_eq!(told(without).1, "at least one constraint should be enabled on the role");
    node.write(&format!("{ROLE}/secret-id-bound-cidrs"), json!({"secret_id_bound_cidrs": "10.0.0.0/8"})).await.unwrap();
    assert!(told(node.login(LOGIN, json!({"role_id": "web-id"})).await).1.contains("CIDR restrictions on the role"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_id_narrows_where_the_token_is_used_from() {
    let node = with_role(json!({"token_strictly_bind_ip": true})).await;
    let bound = async |made: &Value| {
        let login = log_in(&node, made).await.unwrap();
        let token = login["client_token"].as_str();
        let seen = node.send(Operation::Read, "auth/token/lookup-self", Value::Null, token).await;
        seen.map(|response| response.payload().unwrap().map()["bound_cidrs"].clone())
    };
    assert_eq!(bound(&secret_id(&node, json!({})).await).await.unwrap(), json!(["127.0.0.1"]));
    let near = secret_id(&node, json!({"token_bound_cidrs": "127.0.0.0/8"})).await;
    assert_eq!(bound(&near).await.unwrap(), json!(["127.0.0.1"]));
    let far = secret_id(&node, json!({"token_bound_cidrs": "10.0.0.0/8"})).await;
    assert_eq!(told(bound(&far).await).1, "permission denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_narrowed_later_shuts_out_secret_ids_that_are_wider() {
    let node = with_role(json!({"secret_id_bound_cidrs": "0.0.0.0/0"})).await;
    let made = secret_id(&node, json!({"cidr_list": "127.0.0.0/8"})).await;
    assert!(log_in(&node, &made).await.is_ok());
    node.write(ROLE, json!({"secret_id_bound_cidrs": "127.0.0.0/16"})).await.unwrap();
    assert!(told(log_in(&node, &made).await).1.contains("failed to verify subset relationship"));
}

#[tokio::test(flavor = "multi_thread")]
async fn local_secret_ids_lie_apart_and_stay_so() {
    let node = with_role(json!({"local_secret_ids": true})).await;
    let made = secret_id(&node, json!({})).await;
    assert!(log_in(&node, &made).await.is_ok());
    assert_eq!((node.keys("approle", "secret_id_local/").len(), node.keys("approle", "accessor_local/").len()), (1, 1));
    assert!(node.write(ROLE, json!({"local_secret_ids": false})).await.is_err());
    node.delete(ROLE).await.unwrap();
    assert!(node.keys("approle", "secret_id_local/").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_id_that_lost_its_accessor_does_not_count() {
    let node = with_role(json!({})).await;
    let made = secret_id(&node, json!({})).await;
    let accessor = format!("{}{}", node.storage_prefix("approle"), node.keys("approle", "accessor/")[0]);
    node.commit(|tx| tx.delete(accessor)).await;
    assert_eq!(told(log_in(&node, &made).await).1, WRONG);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_role_is_known_by_the_spelling_it_was_made_with() {
    let node = with_role(json!({})).await;
    let prefix = node.storage_prefix("approle");
    // As it stood before names were folded: the secret ids are hashed with "Web".
    let old = json!({"role_id": "web-id", "hmac_key": "key", "bind_secret_id": true, "secret_id_prefix": "secret_id/"});
    let index = format!("{prefix}{}", node.keys("approle", "role_id/")[0]);
    node.commit(|tx| {
        tx.put_json(format!("{prefix}role/web"), &old).unwrap();
        tx.put_json(index, &json!({"name": "Web"})).unwrap();
    })
    .await;
    let made = secret_id(&node, json!({})).await;
    let folder = super::ids::hmac("key", "Web", "role_name").unwrap();
    assert!(node.keys("approle", "secret_id/")[0].starts_with(&format!("secret_id/{folder}/")));
    assert_eq!(log_in(&node, &made).await.unwrap()["metadata"]["role_name"], "Web");
    node.tidy("approle").await;
    assert!(log_in(&node, &made).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_renewed_while_its_role_is_there() {
    let node = with_role(json!({"token_ttl": "10m"})).await;
    let login = log_in(&node, &secret_id(&node, json!({})).await).await.unwrap();
    let renew = async || {
        let token = login["client_token"].as_str();
        node.send(Operation::Update, "auth/token/renew-self", json!({}), token).await
    };
    node.write(ROLE, json!({"token_policies": "more"})).await.unwrap();
    assert!(renew().await.unwrap().auth.is_some());
    node.delete(ROLE).await.unwrap();
    assert_eq!(
        renew().await.unwrap_err().to_string(),
        "failed to renew entry: role \"web\" does not exist during renewal"
    );
}
