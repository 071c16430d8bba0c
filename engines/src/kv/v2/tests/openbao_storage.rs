//! The storage of a real server opens here: `openbao-kv2.json` is all that OpenBao 2.7.2 kept below a mount, each entry as
//! its barrier gave it out, after the requests that stand in the test.

use serde_json::{Value, json};

use crate::bench::{Answer, Bench, DONE};

const STORAGE: &str = include_str!("../../../../tests/fixtures/openbao-kv2.json");

fn opened() -> Bench {
    use base64::Engine as _;
    let storage: serde_json::Map<String, Value> = serde_json::from_str(STORAGE).unwrap();
    let mut mount = Bench::mount("2");
    mount.backend_aware_uuid = storage.keys().next().unwrap().split('/').next().unwrap().to_owned();
    let mut bench = Bench::on(mount);
    let decode = |value: &Value| base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap();
    bench.state.put_all(storage.iter().map(|(path, value)| (path.clone(), decode(value))));
    bench.now = coffer_core::Timestamp::parse("2026-11-23T20:55:00Z").unwrap();
    bench
}

#[test]
fn everything_is_found() {
    let mut kv = opened();
    // config: max_versions 5, delete_version_after 2h
    assert_eq!(kv.read("config").data()["max_versions"], 5);
    assert_eq!(kv.read("config").data()["delete_version_after"], "2h0m0s");
    // data/app: two versions, the first deleted; data/dir/one; data/dir/sub/café; data/gone: destroyed
    let app = kv.read("data/app").data();
    assert_eq!(app["data"], json!({"user": "v", "deep": {"l": [1, "2", null, true]}}));
    assert_eq!(app["metadata"]["custom_metadata"], json!({"owner": "team"}));
    assert_eq!(app["metadata"]["deletion_time"], "2026-11-23T22:54:50.53206203Z");
    assert!(matches!(kv.read_with("data/app", json!({"version": 1})), Answer::Gone(_)));
    let gone = kv.read("metadata/gone").data();
    assert_eq!(gone["versions"]["1"]["destroyed"], true);
    assert_eq!(kv.read("data/dir/sub/café").data()["data"], json!({"k": "2"}));
    assert_eq!(kv.list("metadata/").data(), json!({"keys": ["app", "dir/", "gone"]}));
    assert_eq!(kv.scan("metadata/").data(), json!({"keys": ["app", "gone", "dir/one", "dir/sub/café"]}));
    // metadata/app: max_versions 3, delete_version_after 90s, metadata_cas_required
    let metadata = kv.read("metadata/app").data();
    assert_eq!((&metadata["max_versions"], &metadata["delete_version_after"]), (&json!(3), &json!("1m30s")));
    assert_eq!((&metadata["metadata_cas_required"], &metadata["current_metadata_version"]), (&json!(true), &json!(1)));
}

#[test]
fn writing_goes_on_where_the_other_server_stopped() {
    let mut kv = opened();
    let before = kv.state.paths();
    assert_eq!(kv.write("undelete/app", json!({"versions": [1]})), DONE);
    assert_eq!(kv.state.paths(), before, "an entry moved");
    assert_eq!(kv.read_with("data/app", json!({"version": 1})).data()["data"], json!({"n": 3, "user": "u"}));
    assert_eq!(kv.write("data/app", json!({"data": {"third": 3}})).data()["version"], 3);
    assert_eq!(kv.state.paths().len(), before.len() + 1);
    assert_eq!(kv.delete("metadata/dir/one"), DONE);
    assert_eq!(kv.list("metadata/dir/").data(), json!({"keys": ["sub/"]}));
}
