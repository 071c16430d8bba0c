//! Each token has its own, and only service tokens have one.

use std::sync::Arc;

use coffer_core::mount::{Mount, MountKind};
use coffer_core::token::{Caller, TokenEntry};
use coffer_core::{Call, Operation};
use serde_json::{Value, json};

use super::Cubbyhole;
use crate::bench::{Answer, Bench, DONE, request};

fn bench() -> Bench {
    let mut bench = Bench::on(Mount::new(MountKind::Secrets, "kv/", "kv"));
    bench.backend = Arc::new(Cubbyhole::new());
    bench
}

fn token(cubbyhole: &str, kind: u8) -> Caller {
    let entry = json!({"id": "hvs.x", "cubbyhole_id": cubbyhole, "type": kind});
    let entry: TokenEntry = serde_json::from_value(entry).unwrap();
    Caller { entry: Arc::new(entry), identity_policies: Arc::new([]), acl: Arc::new(coffer_policy::Acl::new([])) }
}

fn send(bench: &mut Bench, caller: Option<&Caller>, operation: Operation, path: &str, data: Value) -> Answer {
    let request = request(operation, data);
    Answer::of(bench.run(|backend, cx| backend.handle(cx, &Call { path, operation, request: &request, caller })))
}

#[test]
fn a_token_sees_its_own_alone() {
    let mut bench = bench();
    let (ann, bob) = (token("c1", 1), token("c2", 1));
    assert_eq!(send(&mut bench, Some(&ann), Operation::Update, "a/b", json!({"x": 1})), DONE);
    assert_eq!(send(&mut bench, Some(&ann), Operation::Read, "a/b", Value::Null).data(), json!({"x": 1}));
    assert_eq!(send(&mut bench, Some(&ann), Operation::List, "", Value::Null).data(), json!({"keys": ["a/"]}));
    assert_eq!(send(&mut bench, Some(&ann), Operation::List, "a", Value::Null).data(), json!({"keys": ["b"]}));
    assert_eq!(send(&mut bench, Some(&bob), Operation::Read, "a/b", Value::Null), Answer::NotFound);
    assert_eq!(send(&mut bench, Some(&bob), Operation::List, "", Value::Null), Answer::NotFound);
    assert_eq!(send(&mut bench, Some(&bob), Operation::Delete, "a/b", Value::Null), DONE);
    assert_eq!(bench.state.paths(), ["c1/a/b"]);
    assert_eq!(send(&mut bench, Some(&ann), Operation::Delete, "a/b", Value::Null), DONE);
    assert!(bench.state.paths().is_empty());
}

#[test]
fn a_token_without_a_cubbyhole_is_refused() {
    let mut bench = bench();
    let refused = "cubbyhole operations are only supported by 'service' type tokens".to_owned();
    for operation in [Operation::Read, Operation::List, Operation::Update, Operation::Delete] {
        let batch = token("", 2);
        assert_eq!(send(&mut bench, Some(&batch), operation, "a", json!({"x": 1})), Answer::Refused(refused.clone()));
        for id in ["", "c1/a"] {
            let answer = send(&mut bench, Some(&token(id, 1)), operation, "a", json!({"x": 1}));
            assert!(matches!(answer, Answer::Broken(_)), "{answer:?}");
        }
        assert!(matches!(send(&mut bench, None, operation, "a", json!({"x": 1})), Answer::Broken(_)));
    }
}

#[test]
fn there_is_something_to_store_and_a_place_for_it() {
    let mut bench = bench();
    let ann = token("c1", 1);
    let fault = |text: &str| Answer::Broken(text.to_owned());
    assert_eq!(send(&mut bench, Some(&ann), Operation::Update, "a", json!({})), fault("missing data fields"));
    assert_eq!(send(&mut bench, Some(&ann), Operation::Update, "", json!({"x": 1})), fault("missing path"));
    assert_eq!(send(&mut bench, Some(&ann), Operation::Read, "", Value::Null), fault("missing path"));
    assert_eq!(send(&mut bench, Some(&ann), Operation::Delete, "", Value::Null), DONE);
}
