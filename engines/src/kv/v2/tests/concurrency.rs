//! Requests that overlap: what one decided on, the other changed before the first was committed.

use coffer_core::{Call, Failure, Operation};
use serde_json::{Value, json};

use crate::bench::{Answer, Bench, request};

/// Runs `meanwhile` after the handler of a request and before its commit; true where the commit is refused, so that the
/// pipeline runs the request again.
fn is_run_again(kv: &mut Bench, path: &str, data: Value, meanwhile: impl FnOnce(&mut Bench)) -> bool {
    let mut other = Bench::on(kv.mount.clone());
    let request = request(Operation::Update, data);
    let done = kv.run(|backend, cx| {
        let call = Call { path, operation: Operation::Update, request: &request, caller: None };
        backend.handle(cx, &call)?;
        meanwhile(&mut other);
        Ok(())
    });
    match done {
        Ok(()) => false,
        Err(Failure::Unavailable(_)) => true,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn of_two_writers_one_is_run_again() {
    let mut kv = Bench::kv("2");
    let first = |value: u32| json!({"data": {"v": value}, "options": {"cas": 0}});
    assert!(is_run_again(&mut kv, "data/k", first(1), |other| {
        other.write("data/k", first(2)).data();
    }));
    assert_eq!(kv.read("data/k").data()["data"], json!({"v": 2}));
    assert!(matches!(kv.write("data/k", first(1)), Answer::Refused(_)));
}

#[test]
fn a_write_meets_the_removal_of_its_key() {
    let mut kv = Bench::kv("2");
    kv.write("data/k", json!({"data": {}}));
    assert!(is_run_again(&mut kv, "data/k", json!({"data": {"v": 1}}), |other| {
        other.delete("metadata/k");
    }));
    assert_eq!(kv.read("metadata/k"), Answer::NotFound);
}

#[test]
fn writers_of_different_keys_do_not_meet() {
    let mut kv = Bench::kv("2");
    assert!(!is_run_again(&mut kv, "data/a", json!({"data": {}}), |other| {
        other.write("data/b", json!({"data": {}})).data();
    }));
    assert_eq!(kv.list("metadata/").data(), json!({"keys": ["a", "b"]}));
}

#[test]
fn the_first_two_writers_of_a_mount_agree_on_its_keys() {
    let mut kv = Bench::on(Bench::mount("2"));
    assert!(is_run_again(&mut kv, "data/a", json!({"data": {}}), |other| {
        other.write("data/b", json!({"data": {}})).data();
    }));
    kv.write("data/a", json!({"data": {}})).data();
    assert_eq!(Bench::on(kv.mount.clone()).list("metadata/").data(), json!({"keys": ["a", "b"]}));
}

#[test]
fn a_version_1_write_does_not_slip_in_behind_the_upgrade() {
    let mut kv = Bench::kv("1");
    assert!(is_run_again(&mut kv, "late", json!({"v": 1}), |other| other.set_version("2")));
}
