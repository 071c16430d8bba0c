use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{ClusterId, Medium, SnapshotFile, SnapshotMeta, Stores};

fn at(index: u64) -> LogPosition {
    LogPosition { term: 1, leader: 7, index }
}

fn in_memory() -> Stores {
    crate::open(&Medium::Memory, None).unwrap()
}

fn open_in(folder: &std::path::Path) -> Stores {
    crate::open(&Medium::Folder(folder.join("data")), Some("n")).unwrap()
}

fn put_all(state: &StateStore, index: u64, keys: &[&str]) {
    state
        .write(|write| {
            keys.iter().try_for_each(|key| write.put(key, index, key.as_bytes()))?;
            write.set_applied(at(index))
        })
        .unwrap();
}

#[test]
fn a_folder_folds_into_one_name_and_stands_beside_a_key_of_that_name() {
    let stores = in_memory();
    let state = &stores.state;
    put_all(state, 1, &["a", "a/b", "a/b/c", "a/b/d", "a/e", "a-b", "a0", "b/x/y", "b/x/z", "c"]);
    assert_eq!(state.list("", "", 99).unwrap(), ["a", "a-b", "a/", "a0", "b/", "c"]);
    assert_eq!(state.list("a/", "", 99).unwrap(), ["b", "b/", "e"]);
    assert_eq!(state.list("b/x/", "", 99).unwrap(), ["y", "z"]);
    assert_eq!(state.list("nothing/", "", 99).unwrap(), [""; 0]);
    assert_eq!(state.list("", "a-b", 2).unwrap(), ["a/", "a0"]);
    assert_eq!(state.list("", "a/", 2).unwrap(), ["a0", "b/"]);
    assert_eq!(state.list("", "a", 1).unwrap(), ["a-b"]);
    assert_eq!(state.list("", "", 0).unwrap(), [""; 0]);
    assert_eq!(state.scan("a/", "", 99).unwrap(), ["a/b", "a/b/c", "a/b/d", "a/e"]);
    assert_eq!(state.scan("a/", "a/b", 2).unwrap(), ["a/b/c", "a/b/d"]);
    assert_eq!(state.scan("a/b/", "a", 99).unwrap(), ["a/b/c", "a/b/d"]);
    assert_eq!(state.scan("", "", 2).unwrap(), ["a", "a-b"]);
}

#[test]
fn a_failed_change_leaves_nothing_behind() {
    let stores = in_memory();
    put_all(&stores.state, 1, &["a"]);
    let refused = stores.state.write(|write| {
        write.put("b", 2, b"")?;
        Err::<(), _>(StoreFault::Misuse { file: "f".into(), what: "on purpose".into() })
    });
    assert!(refused.is_err());
    assert_eq!(stores.state.scan("", "", 9).unwrap(), ["a"]);
    assert!(stores.faults.get().is_some());
}

/// A copy of the files as they are now is what a killed process leaves.
fn killed(from: &std::path::Path) -> (tempfile::TempDir, Stores) {
    let to = tempfile::tempdir().unwrap();
    let data = to.path().join("data");
    std::fs::create_dir(&data).unwrap();
    for name in ["raft.redb", "state.redb"] {
        std::fs::copy(from.join("data").join(name), data.join(name)).unwrap();
    }
    let stores = open_in(to.path());
    (to, stores)
}

#[test]
fn a_kill_rolls_back_to_the_last_checkpoint_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let stores = open_in(folder.path());
    put_all(&stores.state, 1, &["a"]);
    stores.state.checkpoint().unwrap();
    let (_first, after) = killed(folder.path());
    assert_eq!(after.state.committed().applied, Some(at(1)));
    assert_eq!(after.state.scan("", "", 9).unwrap(), ["a"]);

    // Later states are whole, whichever of them is found.
    put_all(&stores.state, 2, &["b1", "b2"]);
    let (_second, after) = killed(folder.path());
    let keys = after.state.scan("", "", 9).unwrap();
    match after.state.committed().applied.unwrap().index {
        1 => assert_eq!(keys, ["a"]),
        2 => assert_eq!(keys, ["a", "b1", "b2"]),
        other => panic!("{other}"),
    }
}

#[test]
fn commits_become_durable_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let stores = open_in(folder.path());
    put_all(&stores.state, 3, &["a"]);
    let started = std::time::Instant::now();
    while killed(folder.path()).1.state.committed().applied.is_none() {
        assert!(started.elapsed() < std::time::Duration::from_secs(20));
    }
}

#[test]
fn closing_makes_commits_durable() {
    let folder = tempfile::tempdir().unwrap();
    {
        let stores = open_in(folder.path());
        put_all(&stores.state, 3, &["a"]);
        stores.close();
        assert!(matches!(stores.state.write(|_| Ok(())), Err(StoreFault::Closed { .. })));
    }
    assert_eq!(open_in(folder.path()).state.committed().applied, Some(at(3)));
}

#[test]
fn a_snapshot_does_not_change_and_makes_another_state_equal() {
    let (from, to) = (in_memory(), in_memory());
    put_all(&from.state, 1, &["a", "b"]);
    from.state.write(|write| write.set_membership(at(1), b"list")).unwrap();
    let frozen = from.state.snapshot().unwrap();
    put_all(&from.state, 2, &["c"]);
    put_all(&to.state, 1, &["old"]);

    let folder = tempfile::tempdir().unwrap();
    let cluster = Some(ClusterId([3; 16]));
    let file = SnapshotFile::write(folder.path(), cluster, &frozen).unwrap();
    let wanted = SnapshotMeta {
        cluster,
        applied: Some(at(1)),
        membership: Some((at(1), Bytes::from_static(b"list"))),
        staging: None,
    };
    assert_eq!(*file.meta(), wanted);
    to.state.replace(file.meta(), |put| file.for_each(put)).unwrap();
    assert_eq!(to.state.scan("", "", 9).unwrap(), ["a", "b"]);
    assert_eq!(to.state.get("a").unwrap(), from.state.get("a").unwrap());
    assert_eq!(to.state.committed(), *frozen.committed());

    let path = file.path().to_owned();
    drop(file);
    assert!(!path.exists());
}

#[test]
fn a_snapshot_file_with_any_byte_changed_or_missing_is_refused() {
    let stores = in_memory();
    put_all(&stores.state, 1, &["a", "b/c"]);
    let folder = tempfile::tempdir().unwrap();
    let file = SnapshotFile::write(folder.path(), None, &stores.state.snapshot().unwrap()).unwrap();
    let good = std::fs::read(file.path()).unwrap();
    let path = folder.path().join("received");
    let adopt = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        SnapshotFile::adopt(path.clone())
    };
    assert_eq!(adopt(&good).unwrap().meta(), file.meta());
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0x41;
        assert!(adopt(&bad).is_err(), "byte {place} changed");
        assert!(adopt(&good[..place]).is_err(), "cut at {place}");
    }
    assert!(adopt(&[good.as_slice(), b"x"].concat()).is_err());
}

#[test]
fn a_snapshot_that_fails_half_way_changes_nothing() {
    let stores = in_memory();
    put_all(&stores.state, 1, &["a"]);
    let failing = stores.state.replace(&SnapshotMeta::default(), |put| {
        put(Part::Live, "x", &[0; 8])?;
        Err(StoreFault::Misuse { file: "f".into(), what: "on purpose".into() })
    });
    assert!(failing.is_err());
    assert_eq!(stores.state.scan("", "", 9).unwrap(), ["a"]);
    put_all(&stores.state, 2, &["b"]);
}

fn stage(state: &StateStore, index: u64, id: [u8; 16], keys: &[&str]) {
    state
        .write(|write| {
            if write.staging()?.is_none_or(|staging| staging.id != id) {
                write.begin_staging(index, id)?;
            }
            keys.iter().try_for_each(|key| write.stage(key, index, b"new"))?;
            write.set_applied(at(index))
        })
        .unwrap();
}

#[test]
fn a_staged_state_is_unseen_until_it_takes_the_place_of_the_other() {
    let stores = in_memory();
    let state = &stores.state;
    put_all(state, 1, &["a", "b", "own/x", "own0"]);
    stage(state, 2, [1; 16], &["b", "c", "own/y"]);
    stage(state, 3, [1; 16], &["b", "d"]);
    assert_eq!(state.scan("", "", 9).unwrap(), ["a", "b", "own/x", "own0"]);
    assert_eq!(state.committed().staging, Some(Staging { id: [1; 16], keys: 4 }));
    state
        .write(|write| {
            write.exchange(4, "own/")?;
            write.put("e", 4, b"after")
        })
        .unwrap();
    assert_eq!(state.scan("", "", 9).unwrap(), ["b", "c", "d", "e", "own/x"]);
    assert_eq!(state.get("b").unwrap().unwrap(), Value { revision: 3, value: b"new".to_vec() });
    assert_eq!(state.get("own/x").unwrap().unwrap().revision, 1);
    assert_eq!(state.committed().staging, None);
    let mut steps = 0;
    while state.clear_aside(1).unwrap() {
        steps += 1;
    }
    assert_eq!(steps, 4, "one for each key of the old state");
    assert_eq!(state.scan("", "", 9).unwrap().len(), 5);
}

#[test]
fn a_second_staging_begins_anew_and_an_abandoned_one_is_gone() {
    let stores = in_memory();
    let state = &stores.state;
    stage(state, 1, [1; 16], &["a", "b"]);
    stage(state, 2, [2; 16], &["c"]);
    assert_eq!(state.committed().staging, Some(Staging { id: [2; 16], keys: 1 }));
    state.write(|write| write.abandon_staging(3)).unwrap();
    assert_eq!(state.committed().staging, None);
    while state.clear_aside(10).unwrap() {}
    stage(state, 4, [3; 16], &["d"]);
    state.write(|write| write.exchange(5, "own/")).unwrap();
    assert_eq!(state.scan("", "", 9).unwrap(), ["d"]);
}

#[test]
fn a_snapshot_carries_what_is_staged() {
    let (from, to) = (in_memory(), in_memory());
    put_all(&from.state, 1, &["a"]);
    stage(&from.state, 2, [7; 16], &["b", "c"]);
    stage(&to.state, 1, [9; 16], &["z"]);
    let folder = tempfile::tempdir().unwrap();
    let file = SnapshotFile::write(folder.path(), None, &from.state.snapshot().unwrap()).unwrap();
    to.state.replace(file.meta(), |put| file.for_each(put)).unwrap();
    assert_eq!(to.state.committed(), from.state.committed());
    to.state.write(|write| write.exchange(3, "own/")).unwrap();
    assert_eq!(to.state.scan("", "", 9).unwrap(), ["b", "c"]);
}

#[derive(Clone, Debug)]
enum Step {
    /// Puts and deletes of one transaction.
    Write(Vec<(String, Option<Vec<u8>>)>),
    Checkpoint,
    Reopen,
}

/// Short paths over a small alphabet, so that names, folders and neighbours of `/` meet.
fn key() -> impl Strategy<Value = String> {
    "[a-]{1,2}(/[a0-]{1,2}){0,2}"
}

fn step() -> impl Strategy<Value = Step> {
    let change = (key(), proptest::option::weighted(0.7, proptest::collection::vec(any::<u8>(), 0..9)));
    prop_oneof![
        6 => proptest::collection::vec(change, 1..6).prop_map(Step::Write),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
    ]
}

type Model = BTreeMap<String, (u64, Vec<u8>)>;

fn model_list(model: &Model, prefix: &str, after: &str, limit: usize) -> Vec<String> {
    let children = model.keys().filter_map(|key| key.strip_prefix(prefix)).filter(|rest| !rest.is_empty());
    let mut names: Vec<String> = children
        .map(|rest| rest.split_once('/').map_or_else(|| rest.to_owned(), |(folder, _)| format!("{folder}/")))
        .filter(|name| name.as_str() > after)
        .collect();
    names.sort();
    names.dedup();
    names.truncate(limit);
    names
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn it_behaves_as_a_sorted_map(
        steps in proptest::collection::vec(step(), 1..20),
        prefix in prop_oneof![Just(String::new()), key().prop_map(|key| format!("{key}/"))],
        after in key(),
        limit in 0usize..6,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut stores = Some(open_in(folder.path()));
        let mut model = Model::new();
        for (step, index) in steps.into_iter().zip(1u64..) {
            let state = &stores.as_ref().unwrap().state;
            match step {
                Step::Write(changes) => state.write(|write| {
                    for (key, value) in &changes {
                        assert_eq!(write.revision(key)?, model.get(key).map(|(revision, _)| *revision));
                        match value {
                            Some(value) => {
                                write.put(key, index, value)?;
                                model.insert(key.clone(), (index, value.clone()));
                            }
                            None => {
                                write.delete(key)?;
                                model.remove(key);
                            }
                        }
                    }
                    write.set_applied(at(index))
                }).unwrap(),
                Step::Checkpoint => state.checkpoint().unwrap(),
                Step::Reopen => {
                    drop(stores.take());
                    stores = Some(open_in(folder.path()));
                }
            }
        }
        let state = &stores.as_ref().unwrap().state;
        for (key, (revision, value)) in &model {
            let wanted = Value { revision: *revision, value: value.clone() };
            prop_assert_eq!(state.get(key).unwrap(), Some(wanted));
        }
        let keys: Vec<String> = model.keys().cloned().collect();
        prop_assert_eq!(state.scan("", "", 999).unwrap(), keys.clone());
        let below: Vec<String> =
            keys.into_iter().filter(|key| key.starts_with(&prefix) && *key > after).take(limit).collect();
        prop_assert_eq!(state.scan(&prefix, &after, limit).unwrap(), below);
        prop_assert_eq!(state.list(&prefix, &after, limit).unwrap(), model_list(&model, &prefix, &after, limit));
    }
}
