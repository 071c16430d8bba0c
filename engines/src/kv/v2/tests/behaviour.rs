//! What requests are answered, one subject a test.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bench::{Answer, Bench, DONE};

fn versions(bench: &mut Bench, key: &str) -> Vec<String> {
    let metadata = bench.read(&format!("metadata/{key}")).data();
    metadata["versions"].as_object().unwrap().keys().cloned().collect()
}

fn refused(text: &str) -> Answer {
    Answer::Refused(text.to_owned())
}

#[test]
fn a_secret_comes_back_as_it_was_written() {
    let mut kv = Bench::kv("2");
    let secret = json!({"a": "1", "n": 1, "deep": {"l": [1, "2", null, true]}, "f": 1.5});
    let written = kv.write("data/team/app", json!({ "data": secret })).data();
    assert_eq!((&written["version"], &written["destroyed"]), (&json!(1), &json!(false)));
    let read = kv.read("data/team/app").data();
    assert_eq!(read["data"], secret);
    assert_eq!(read["metadata"], written);
    assert_eq!(kv.read("data/team"), Answer::NotFound);
    assert_eq!(kv.read("data/none"), Answer::NotFound);
}

#[test]
fn older_versions_are_read_by_number() {
    let mut kv = Bench::kv("2");
    for n in 1..=3 {
        kv.write("data/k", json!({"data": {"n": n}})).data();
    }
    let mut read = |version: Value| kv.read_with("data/k", json!({ "version": version }));
    assert_eq!(read(json!("2")).data()["data"]["n"], 2);
    assert_eq!(read(json!(0)).data()["data"]["n"], 3);
    assert_eq!(read(json!("")).data()["data"]["n"], 3);
    assert_eq!(read(json!("-1")).data()["data"]["n"], 3);
    assert_eq!(read(json!(9)), Answer::NotFound);
    assert!(matches!(read(json!("abc")), Answer::Refused(_)));
}

#[test]
fn what_is_no_secret_is_refused() {
    let mut kv = Bench::kv("2");
    assert_eq!(kv.write("data/k", json!({"nodata": 1})), refused("no data provided"));
    assert!(matches!(kv.write("data/k", json!({"data": "text"})), Answer::Refused(_)));
    assert_eq!(kv.write("data/k/", json!({"data": {}})), refused("cannot write to a path ending in '/'"));
    assert_eq!(kv.write("data/a/../b", json!({"data": {}})), refused("relative paths not supported"));
    kv.write("data/null", json!({"data": null})).data();
    assert_eq!(kv.read("data/null").data()["data"], Value::Null);
    assert_eq!(kv.read("subkeys/null").data()["subkeys"], Value::Null);
}

#[test]
fn check_and_set_lets_one_of_two_writers_win() {
    let mut kv = Bench::kv("2");
    let mut write = |options: Value| kv.write("data/k", json!({"data": {}, "options": options}));
    assert_eq!(write(json!({"cas": 0})).data()["version"], 1);
    assert_eq!(write(json!({"cas": 0})), refused("check-and-set parameter did not match the current version"));
    assert_eq!(write(json!({"cas": "1"})).data()["version"], 2);
    assert_eq!(write(json!({"cas": -1})), refused("check-and-set parameter did not match the current version"));
    assert_eq!(write(json!({"cas": "abc"})), refused("error parsing check-and-set parameter"));
    assert_eq!(write(json!({"cas": 2.0})), refused("error parsing check-and-set parameter"));
    assert_eq!(write(json!(null)).data()["version"], 3);
    assert!(matches!(write(json!("none")), Answer::Refused(_)));

    let required = refused("check-and-set parameter required for this call");
    kv.write("metadata/k", json!({"cas_required": true}));
    assert_eq!(kv.write("data/k", json!({"data": {}})), required);
    kv.write("metadata/k", json!({"cas_required": false}));
    kv.write("config", json!({"cas_required": true}));
    assert_eq!(kv.write("data/k", json!({"data": {}})), required);
    assert_eq!(kv.patch("data/k", json!({"data": {}})), required);
    assert_eq!(kv.write("metadata/k", json!({"cas_required": false})), Answer::Empty { warnings: 1 });
}

#[test]
fn a_patch_merges_into_the_current_version() {
    let mut kv = Bench::kv("2");
    assert_eq!(kv.patch("data/k", json!({"data": {"a": 1}})), Answer::Gone(json!([])));
    kv.write("data/k", json!({"data": {"a": "1", "n": {"x": 1, "y": 2}}}));
    assert_eq!(kv.patch("data/k", json!({"nodata": 1})), refused("no data provided"));
    let patched = kv.patch("data/k", json!({"data": {"a": null, "b": 2, "n": {"x": null}}})).data();
    assert_eq!(patched["version"], 2);
    assert_eq!(kv.read("data/k").data()["data"], json!({"b": 2, "n": {"y": 2}}));
    kv.delete("data/k");
    let Answer::Gone(facts) = kv.patch("data/k", json!({"data": {"a": 1}})) else {
        panic!("a deleted version was patched")
    };
    assert_eq!(facts["version"], 2);
}

#[test]
fn deletion_can_be_taken_back_and_destruction_not() {
    let mut kv = Bench::kv("2");
    for n in 1..=3 {
        kv.write("data/k", json!({"data": {"n": n}}));
    }
    assert_eq!(kv.delete("data/k"), DONE);
    let Answer::Gone(gone) = kv.read("data/k") else { panic!("a deleted version was read") };
    assert_eq!((&gone["data"], &gone["metadata"]["version"]), (&Value::Null, &json!(3)));
    assert_ne!(gone["metadata"]["deletion_time"], "");
    assert!(matches!(kv.read("subkeys/k"), Answer::Gone(_)));
    assert_eq!(kv.write("undelete/k", json!({"versions": [3]})), DONE);
    assert_eq!(kv.read("data/k").data()["data"]["n"], 3);

    assert_eq!(kv.write("delete/k", json!({"versions": "1,2"})), DONE);
    assert!(matches!(kv.read_with("data/k", json!({"version": 1})), Answer::Gone(_)));
    assert_eq!(kv.write("destroy/k", json!({"versions": [2, 99, -1]})), DONE);
    assert_eq!(kv.write("undelete/k", json!({"versions": [1, 2]})), DONE);
    assert_eq!(kv.read_with("data/k", json!({"version": 1})).data()["data"]["n"], 1);
    let Answer::Gone(gone) = kv.read_with("data/k", json!({"version": 2})) else {
        panic!("a destroyed version was read")
    };
    assert_eq!(gone["metadata"]["destroyed"], true);
    assert_eq!(kv.write("delete/k", json!({})), refused("No version number provided"));
    assert_eq!(kv.write("destroy/k", json!({"versions": []})), refused("no version number provided"));
    assert_eq!(kv.write("destroy/none", json!({"versions": [1]})), DONE);
    assert_eq!(kv.delete("data/none"), DONE);
}

#[test]
fn a_removed_key_leaves_nothing_behind() {
    let mut kv = Bench::kv("2");
    let empty = kv.state.paths().len();
    for _ in 0..12 {
        kv.write("data/k", json!({"data": {"n": "x"}}));
    }
    // Ten versions and the metadata.
    assert_eq!(kv.state.paths().len(), empty + 11);
    assert_eq!(kv.delete("metadata/k"), DONE);
    assert_eq!(kv.state.paths().len(), empty);
    assert_eq!(kv.read("metadata/k"), Answer::NotFound);
    assert_eq!(kv.delete("metadata/k"), DONE);
}

#[test]
fn neither_names_nor_keys_lie_open_in_storage_paths() {
    let mut kv = Bench::kv("2");
    kv.write("data/visible-team/visible-app", json!({"data": {}}));
    assert!(kv.state.paths().iter().all(|path| !path.contains("visible")));
}

#[test]
fn versions_end_when_their_life_is_over() {
    let mut kv = Bench::kv("2");
    kv.write("config", json!({"delete_version_after": "2h"}));
    kv.write("metadata/k", json!({"delete_version_after": "90s"}));
    let written = kv.write("data/k", json!({"data": {}})).data();
    assert_ne!(written["deletion_time"], "");
    kv.now = kv.now.plus(Duration::from_secs(89));
    kv.read("data/k").data();
    kv.now = kv.now.plus(Duration::from_secs(2));
    assert!(matches!(kv.read("data/k"), Answer::Gone(_)));
    kv.write("undelete/k", json!({"versions": [1]}));
    kv.read("data/k").data();
    kv.write("config", json!({"delete_version_after": "-1s"}));
    assert_eq!(kv.write("data/k", json!({"data": {}})).data()["deletion_time"], "");
    assert_eq!(kv.read("config").data()["delete_version_after"], "-1s");
}

#[test]
fn the_configuration_is_kept_field_by_field() {
    let mut kv = Bench::kv("2");
    let fresh = json!({
        "max_versions": 0, "cas_required": false, "metadata_cas_required": false, "delete_version_after": "0s",
    });
    assert_eq!(kv.read("config").data(), fresh);
    assert_eq!(kv.write("config", json!({"max_versions": 4, "delete_version_after": "2h", "other": 1})), DONE);
    assert_eq!(kv.write("config", json!({"cas_required": true})), DONE);
    assert_eq!(kv.write("config", json!({})), DONE);
    let read = kv.read("config").data();
    assert_eq!((&read["max_versions"], &read["cas_required"]), (&json!(4), &json!(true)));
    assert_eq!(read["delete_version_after"], "2h0m0s");
    kv.write("config", json!({"max_versions": null, "delete_version_after": 0}));
    let read = kv.read("config").data();
    assert_eq!((&read["max_versions"], &read["delete_version_after"]), (&json!(0), &json!("0s")));
    assert_eq!(kv.delete("config"), Answer::Unsupported);
}

#[test]
fn metadata_is_set_without_a_version() {
    let mut kv = Bench::kv("2");
    assert_eq!(kv.write("metadata/m", json!({})), DONE);
    assert_eq!(kv.read("metadata/m"), Answer::NotFound);
    let custom = json!({"owner": "team", "n": 1});
    assert_eq!(kv.write("metadata/m", json!({"max_versions": 2, "custom_metadata": custom})), DONE);
    let read = kv.read("metadata/m").data();
    assert_eq!(read["custom_metadata"], json!({"owner": "team", "n": "1"}));
    assert_eq!((&read["current_version"], &read["current_metadata_version"]), (&json!(0), &json!(1)));
    assert_eq!(kv.read("data/m"), Answer::NotFound);
    assert_eq!(kv.patch("data/m", json!({"data": {}})), Answer::Gone(json!([])));

    assert_eq!(
        kv.patch("metadata/m", json!({"custom_metadata": {"owner": null, "z": "1"}, "cas_required": true})),
        DONE
    );
    let read = kv.read("metadata/m").data();
    assert_eq!(read["custom_metadata"], json!({"n": "1", "z": "1"}));
    assert_eq!((&read["max_versions"], &read["cas_required"]), (&json!(2), &json!(true)));
    assert_eq!(read["current_metadata_version"], 2);
    assert_eq!(kv.patch("metadata/m", json!({"custom_metadata": null, "cas_required": null})), DONE);
    let read = kv.read("metadata/m").data();
    assert_eq!((&read["custom_metadata"], &read["cas_required"]), (&Value::Null, &json!(false)));
    assert_eq!(kv.patch("metadata/none", json!({"max_versions": 1})), Answer::Gone(json!([])));
    assert_eq!(kv.patch("metadata/none", json!({})), DONE);
}

#[test]
fn metadata_has_its_own_check_and_set() {
    let mut kv = Bench::kv("2");
    kv.write("config", json!({"metadata_cas_required": true}));
    let required = refused("metadata check-and-set parameter required for this call");
    let mismatch = refused("metadata check-and-set parameter does not match the current version");
    assert_eq!(kv.write("metadata/m", json!({"max_versions": 1})), required);
    let wrong = kv.write("metadata/m", json!({"max_versions": 1, "metadata_cas": 7}));
    assert_eq!(wrong, refused("metadata_cas must be 0 when creating new metadata"));
    assert_eq!(kv.write("metadata/m", json!({"max_versions": 1, "metadata_cas": 0})), DONE);
    assert_eq!(kv.patch("metadata/m", json!({"max_versions": 2})), required);
    assert_eq!(kv.patch("metadata/m", json!({"max_versions": 2, "metadata_cas": 0})), mismatch);
    assert_eq!(kv.patch("metadata/m", json!({"max_versions": 2, "metadata_cas": 1})), DONE);
    let overruled = kv.write("metadata/m", json!({"metadata_cas_required": false, "metadata_cas": 2}));
    assert_eq!(overruled, Answer::Empty { warnings: 1 });
}

#[test]
fn a_smaller_limit_prunes_at_the_next_write() {
    let mut kv = Bench::kv("2");
    kv.write("config", json!({"max_versions": 4}));
    for _ in 0..6 {
        kv.write("data/k", json!({"data": {}}));
    }
    assert_eq!(versions(&mut kv, "k"), ["3", "4", "5", "6"]);
    kv.write("config", json!({"max_versions": 1}));
    assert_eq!(versions(&mut kv, "k"), ["3", "4", "5", "6"]);
    kv.write("data/k", json!({"data": {}}));
    assert_eq!(versions(&mut kv, "k"), ["7"]);
    assert_eq!(kv.read_with("data/k", json!({"version": 6})), Answer::NotFound);
}

#[test]
fn folders_are_listed_page_by_page_and_scanned_whole() {
    let mut kv = Bench::kv("2");
    for key in ["b", "a/x", "a/y", "a", "c/d/e", "zz"] {
        kv.write(&format!("data/l/{key}"), json!({"data": {}}));
    }
    for path in ["metadata/l", "metadata/l/"] {
        assert_eq!(kv.list(path).data(), json!({"keys": ["a", "a/", "b", "c/", "zz"]}));
        assert_eq!(kv.scan(path).data(), json!({"keys": ["a", "b", "zz", "c/d/e", "a/x", "a/y"]}));
    }
    assert_eq!(kv.list("metadata").data(), json!({"keys": ["l/"]}));
    let page = kv.send(coffer_core::Operation::List, "metadata/l", json!({"after": "a", "limit": "2"}));
    assert_eq!(Answer::of(page).data(), json!({"keys": ["a/", "b"]}));
    let detailed = kv.list("detailed-metadata/l").data();
    assert_eq!(detailed["key_info"]["b"]["current_version"], 1);
    assert_eq!(detailed["key_info"]["c/"], json!({}));
    assert_eq!(kv.scan("detailed-metadata/l").data()["key_info"]["c/d/e"]["current_version"], 1);
    assert_eq!(kv.list("metadata/none"), Answer::NotFound);
    assert_eq!(kv.list("metadata/l/b"), Answer::NotFound);
    assert_eq!(kv.scan("metadata/none").data(), json!({}));
    assert_eq!(kv.list("data/l"), Answer::Unsupported);
}

#[test]
fn a_slash_at_the_end_is_no_second_name_of_a_secret() {
    let mut kv = Bench::kv("2");
    kv.write("data/k", json!({"data": {}}));
    assert_eq!(kv.read("data/k/"), Answer::NotFound);
    assert_eq!(kv.read("metadata/k/"), Answer::NotFound);
    assert_eq!(kv.delete("metadata/k/"), DONE);
    assert_eq!(kv.delete("data/k/"), DONE);
    kv.read("data/k").data();
}

#[test]
fn paths_of_version_1_get_a_hint() {
    let mut kv = Bench::kv("2");
    let hint = |answer: Answer| match answer {
        Answer::Gone(Value::Array(warnings)) => warnings[0].as_str().unwrap().to_owned(),
        other => panic!("no hint: {other:?}"),
    };
    assert!(hint(kv.read("app")).contains("'vault kv get'"));
    assert!(hint(kv.write("app", json!({"a": 1}))).contains("'vault kv put'"));
    assert!(hint(kv.list("")).contains("'vault kv list'"));
    assert!(hint(kv.list("config")).contains("'vault kv list'"));
    assert!(hint(kv.read("metadata")).starts_with("Non-listing operations"));
    assert!(hint(kv.read("data")).starts_with("Non-listing operations"));
    assert!(hint(kv.read("subkeys")).starts_with("Invalid path"));
}
