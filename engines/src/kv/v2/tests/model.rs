//! Random sequences of requests against a model that is too simple to be wrong.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use crate::bench::{Answer, Bench, DONE};

#[derive(Clone, Debug)]
enum Step {
    Write {
        key: usize,
        cas: Option<u64>,
    },
    Patch {
        key: usize,
    },
    DeleteCurrent {
        key: usize,
    },
    Delete {
        key: usize,
        version: u64,
    },
    Undelete {
        key: usize,
        version: u64,
    },
    Destroy {
        key: usize,
        version: u64,
    },
    RemoveKey {
        key: usize,
    },
    MaxVersions {
        key: usize,
        count: u32,
    },
    MountMaxVersions {
        count: u32,
    },
    /// The backend is built anew, as on another node.
    Restart,
}

const KEYS: [&str; 4] = ["a", "a/b", "dir/b", "dir/sub/c"];

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..KEYS.len();
    let version = || 0u64..9;
    prop_oneof![
        8 => (key(), proptest::option::weighted(0.3, 0u64..5)).prop_map(|(key, cas)| Step::Write { key, cas }),
        2 => key().prop_map(|key| Step::Patch { key }),
        1 => key().prop_map(|key| Step::DeleteCurrent { key }),
        1 => (key(), version()).prop_map(|(key, version)| Step::Delete { key, version }),
        2 => (key(), version()).prop_map(|(key, version)| Step::Undelete { key, version }),
        1 => (key(), version()).prop_map(|(key, version)| Step::Destroy { key, version }),
        1 => key().prop_map(|key| Step::RemoveKey { key }),
        1 => (key(), 0u32..5).prop_map(|(key, count)| Step::MaxVersions { key, count }),
        1 => (0u32..5).prop_map(|count| Step::MountMaxVersions { count }),
        1 => Just(Step::Restart),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Live,
    Deleted,
    Destroyed,
}

#[derive(Default)]
struct Key {
    current: u64,
    versions: BTreeMap<u64, (u64, State)>,
    max: u32,
}

#[derive(Default)]
struct Model {
    keys: BTreeMap<&'static str, Key>,
    max: u32,
    writes: u64,
}

impl Model {
    fn add(&mut self, name: &'static str) -> (u64, u64) {
        self.writes += 1;
        let key = self.keys.entry(name).or_default();
        key.current += 1;
        key.versions.insert(key.current, (self.writes, State::Live));
        let kept = match key.max.max(self.max) {
            0 => 10,
            kept => u64::from(kept),
        };
        while key.versions.len() as u64 > kept {
            key.versions.pop_first();
        }
        (key.current, self.writes)
    }

    fn set(&mut self, name: &str, version: u64, change: impl Fn(State) -> State) {
        let versions = self.keys.get_mut(name).map(|key| &mut key.versions);
        if let Some((_, state)) = versions.and_then(|versions| versions.get_mut(&version)) {
            *state = change(*state);
        }
    }
}

fn unless_destroyed(to: State) -> impl Fn(State) -> State {
    move |state| if state == State::Destroyed { state } else { to }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_do_what_the_model_does(steps in proptest::collection::vec(step(), 1..60)) {
        let mut kv = Bench::kv("2");
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Write { key, cas } => {
                    let name = KEYS[key];
                    let current = model.keys.get(name).map_or(0, |key| key.current);
                    let next = model.writes + 1;
                    let options = cas.map_or(json!({}), |cas| json!({ "cas": cas }));
                    let answer = kv.write(&format!("data/{name}"), json!({"data": {"w": next}, "options": options}));
                    if cas.is_none_or(|cas| cas == current) {
                        let (version, _) = model.add(name);
                        prop_assert_eq!(&answer.data()["version"], version);
                    } else {
                        prop_assert!(matches!(answer, Answer::Refused(_)));
                    }
                }
                Step::Patch { key } => {
                    let name = KEYS[key];
                    let live = model.keys.get(name).and_then(|key| key.versions.get(&key.current)).map(|(_, state)| *state);
                    let answer = kv.patch(&format!("data/{name}"), json!({"data": {"w": model.writes + 1}}));
                    if live == Some(State::Live) {
                        let (version, _) = model.add(name);
                        prop_assert_eq!(&answer.data()["version"], version);
                    } else {
                        prop_assert!(matches!(answer, Answer::Gone(_)));
                    }
                }
                Step::DeleteCurrent { key } => {
                    prop_assert_eq!(kv.delete(&format!("data/{}", KEYS[key])), DONE);
                    let current = model.keys.get(KEYS[key]).map_or(0, |key| key.current);
                    model.set(KEYS[key], current, unless_destroyed(State::Deleted));
                }
                Step::Delete { key, version } => {
                    prop_assert_eq!(kv.write(&format!("delete/{}", KEYS[key]), json!({"versions": [version]})), DONE);
                    model.set(KEYS[key], version, unless_destroyed(State::Deleted));
                }
                Step::Undelete { key, version } => {
                    prop_assert_eq!(kv.write(&format!("undelete/{}", KEYS[key]), json!({"versions": [version]})), DONE);
                    model.set(KEYS[key], version, unless_destroyed(State::Live));
                }
                Step::Destroy { key, version } => {
                    prop_assert_eq!(kv.write(&format!("destroy/{}", KEYS[key]), json!({"versions": [version]})), DONE);
                    model.set(KEYS[key], version, |_| State::Destroyed);
                }
                Step::RemoveKey { key } => {
                    prop_assert_eq!(kv.delete(&format!("metadata/{}", KEYS[key])), DONE);
                    model.keys.remove(KEYS[key]);
                }
                Step::MaxVersions { key, count } => {
                    prop_assert_eq!(kv.write(&format!("metadata/{}", KEYS[key]), json!({"max_versions": count})), DONE);
                    model.keys.entry(KEYS[key]).or_default().max = count;
                }
                Step::MountMaxVersions { count } => {
                    prop_assert_eq!(kv.write("config", json!({"max_versions": count})), DONE);
                    model.max = count;
                }
                Step::Restart => kv.backend = crate::kv(&kv.mount).unwrap(),
            }
            for name in KEYS {
                let Some(key) = model.keys.get(name) else {
                    prop_assert_eq!(kv.read(&format!("metadata/{name}")), Answer::NotFound);
                    prop_assert_eq!(kv.read(&format!("data/{name}")), Answer::NotFound);
                    continue;
                };
                let metadata = kv.read(&format!("metadata/{name}")).data();
                prop_assert_eq!(&metadata["current_version"], key.current);
                let known: Vec<String> = key.versions.keys().map(u64::to_string).collect();
                let mut shown: Vec<String> = metadata["versions"].as_object().unwrap().keys().cloned().collect();
                shown.sort_by_key(|number| number.parse::<u64>().unwrap());
                prop_assert_eq!(shown, known);
                for (number, (write, state)) in &key.versions {
                    match kv.read_with(&format!("data/{name}"), json!({ "version": number })) {
                        Answer::Data(data) => {
                            prop_assert_eq!(*state, State::Live);
                            prop_assert_eq!(&data["data"]["w"], *write);
                        }
                        Answer::Gone(gone) => {
                            prop_assert_ne!(*state, State::Live);
                            prop_assert_eq!(&gone["metadata"]["destroyed"], *state == State::Destroyed);
                        }
                        other => prop_assert!(false, "{other:?}"),
                    }
                }
            }
        }
        // Nothing is left of versions that are gone: what is stored is what the model has, and the mount's own five.
        let config = usize::from(kv.state.paths().iter().any(|path| path.ends_with("/config")));
        let stored: usize = model
            .keys
            .values()
            .map(|key| 1 + key.versions.values().filter(|(_, state)| *state != State::Destroyed).count())
            .sum();
        prop_assert_eq!(kv.state.paths().len(), stored + 4 + config);
    }
}
