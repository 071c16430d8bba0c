//! From version 1 to version 2.

use coffer_core::Progress;
use serde_json::json;

use crate::bench::{Answer, Bench, DONE};

#[test]
fn a_small_mount_is_upgraded_at_once() {
    let mut kv = Bench::kv("1");
    kv.write("a", json!({"user": "u", "n": 3}));
    kv.write("dir/b", json!({"ttl": "1h"}));
    kv.set_version("2");
    let read = kv.read("data/a").data();
    assert_eq!(read["data"], json!({"user": "u", "n": 3}));
    assert_eq!(read["metadata"]["version"], 1);
    assert_eq!(kv.scan("metadata/").data(), json!({"keys": ["a", "dir/b"]}));
    assert_eq!(kv.write("data/a", json!({"data": {}})).data()["version"], 2);
    let root = format!("{}/", kv.mount.backend_aware_uuid);
    assert!(kv.state.paths().iter().all(|path| path.starts_with(&root)));
}

#[test]
fn a_large_mount_is_busy_until_the_last_step() {
    let mut kv = Bench::kv("1");
    for n in 0..300 {
        kv.write(&format!("{}/{n}", ["a", "f0", "z"][n % 3]), json!({ "n": n }));
    }
    kv.set_version("2");
    assert!(matches!(kv.read("data/a/0"), Answer::Refused(text) if text.starts_with("Upgrading from non-versioned")));
    assert!(matches!(kv.write("data/new", json!({"data": {}})), Answer::Refused(_)));
    let mut steps = 1;
    // A restart in between forgets nothing.
    kv.backend = crate::kv(&kv.mount).unwrap();
    while kv.advance() == Progress::More {
        steps += 1;
        assert!(steps < 10);
    }
    assert!(steps > 1);
    for n in 0..300 {
        assert_eq!(kv.read(&format!("data/{}/{n}", ["a", "f0", "z"][n % 3])).data()["data"]["n"], n);
    }
    assert_eq!(kv.advance(), Progress::Done);
    assert_eq!(kv.write("data/new", json!({"data": {}})).data()["version"], 1);
}

#[test]
fn large_values_make_smaller_steps() {
    let mut kv = Bench::kv("1");
    for n in 0..4 {
        kv.write(&format!("k{n}"), json!({"v": "x".repeat(200_000)}));
    }
    kv.set_version("2");
    assert_eq!(kv.advance(), Progress::Done);
    assert_eq!(kv.list("metadata/").data()["keys"].as_array().unwrap().len(), 4);
}

#[test]
fn a_mount_that_was_never_prepared_serves_all_the_same() {
    let mut kv = Bench::on(Bench::mount("2"));
    assert_eq!(kv.read("data/a"), Answer::NotFound);
    assert_eq!(kv.list("metadata/"), Answer::NotFound);
    assert_eq!(kv.delete("metadata/a"), DONE);
    kv.write("data/a", json!({"data": {"k": 1}})).data();
    assert_eq!(kv.read("data/a").data()["data"], json!({"k": 1}));
    assert_eq!(kv.list("metadata/").data(), json!({"keys": ["a"]}));
}
