//! Records that an OpenBao 2.7.2 wrote, served here: what a restored snapshot holds. Only the secret id's end is later.

use serde_json::json;

use super::ids;
use crate::test_node::TestNode;

const ROLE_ID: &str = "8b9df663-aa2e-7820-728f-9cc9c9977439";
const SECRET_ID: &str = "0cbcb765-1d0a-1708-9bf7-ab0b20c40460";
const ACCESSOR: &str = "ae0cf3d5-8c6b-f515-db8d-11b13511dc14";
const HMAC_KEY: &str = "2e66703f-437b-ef8b-63ca-ed13d4917546";
const SECRET_ID_HMAC: &str = "cf0d7ef378df63a3c145ba7e90d6b01d9ec6ff82659a4873f6c7fb01ba7e3d80";

const ENTRIES: [(&str, &str); 4] = [
    ("salt", "88286896-a269-fe8f-e6f3-d7672a9e0dfd"),
    (
        "role/web",
        r#"{"token_bound_cidrs":null,"token_explicit_max_ttl":0,"token_max_ttl":0,"token_no_default_policy":false,"token_num_uses":0,"token_period":0,"token_policies":["a"],"token_type":0,"token_ttl":0,"token_strictly_bind_ip":false,"role_id":"8b9df663-aa2e-7820-728f-9cc9c9977439","hmac_key":"2e66703f-437b-ef8b-63ca-ed13d4917546","policies":["a"],"secret_id_num_uses":0,"secret_id_ttl":0,"bind_secret_id":true,"bound_cidr_list_list":null,"secret_id_bound_cidrs":["127.0.0.0/8"],"period":0,"lower_case_role_name":true,"secret_id_prefix":"secret_id/"}"#,
    ),
    ("role_id/a1a51af77539a46474d9ece02350d7c5e5faa0e1b31587cfe77fa7951ce51528", r#"{"name":"web"}"#),
    (
        "accessor/6698d4253fbca684004567a100c06235714a0fee18e434692f4f787f6c4593c5",
        r#"{"secret_id_hmac":"cf0d7ef378df63a3c145ba7e90d6b01d9ec6ff82659a4873f6c7fb01ba7e3d80"}"#,
    ),
];

const SECRET_ID_ENTRY: &str = r#"{"secret_id_accessor":"ae0cf3d5-8c6b-f515-db8d-11b13511dc14","secret_id_num_uses":3,"secret_id_ttl":60000000000,"creation_time":"2026-11-23T22:15:01.572683177Z","expiration_time":"2036-11-23T22:16:01.572683177Z","last_updated_time":"2026-11-23T22:15:01.572683177Z","metadata":{},"cidr_list":["127.0.0.0/9"],"token_cidr_list":["127.0.0.1/32"],"SecretIDNumUses":0}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_role_and_its_secret_id_log_in() {
    let node = TestNode::with("approle").await;
    let prefix = node.storage_prefix("approle");
    let folder = ids::hmac(HMAC_KEY, "web", "role_name").unwrap();
    node.commit(|tx| {
        for (path, value) in ENTRIES {
            tx.put(format!("{prefix}{path}"), value.as_bytes().to_vec());
        }
        let path = format!("{prefix}secret_id/{folder}/{SECRET_ID_HMAC}");
        tx.put(path, SECRET_ID_ENTRY.as_bytes().to_vec());
    })
    .await;

    node.tidy("approle").await;
    let login = node.login("auth/approle/login", json!({"role_id": ROLE_ID, "secret_id": SECRET_ID})).await.unwrap();
    assert_eq!(login["policies"], json!(["a", "default"]));
    let accessor = json!({"secret_id_accessor": ACCESSOR});
    let known = node.write("auth/approle/role/Web/secret-id-accessor/lookup", accessor).await.unwrap();
    assert_eq!((&known["secret_id_num_uses"], &known["token_bound_cidrs"]), (&json!(2), &json!(["127.0.0.1/32"])));
    node.delete("auth/approle/role/web").await.unwrap();
    assert_eq!(node.keys("approle", ""), ["salt"]);
}
