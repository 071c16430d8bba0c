//! The set of devices: metrics, names, identity.

mod support;

use std::sync::Arc;

use support::{Recorder, broker, device, log};

#[tokio::test]
async fn metrics_tell_of_devices_and_entries() {
    let recorder = Arc::new(Recorder::default());
    let broker = coffer_audit::Broker::new(Arc::<Recorder>::clone(&recorder) as Arc<dyn coffer_audit::Metrics>);
    log(&broker, "nobody counts without devices").await.unwrap();
    broker.enable(device("full", "file", &[("path", "/dev/full")])).unwrap();
    log(&broker, "a").await.unwrap_err();
    broker.replace(vec![device("none", "file", &[("path", "discard")])]);
    log(&broker, "b").await.unwrap();
    assert_eq!(*recorder.0.lock(), ["full/ Request false", "Request false", "none/ Request true", "Request true"]);
}

#[tokio::test]
async fn paths_do_not_overlap() {
    let broker = broker(&[device("a/b", "file", &[("path", "discard")])]);
    for path in ["a/b", "a/b/", "a", "a/b/c"] {
        assert!(broker.check_path(path).is_err(), "{path}");
        assert!(broker.enable(device(path, "file", &[("path", "discard")])).is_err());
    }
    broker.check_path("a/bc").unwrap();
    assert_eq!(broker.device("a/b").unwrap().hash("x"), support::salt().hash("x"));
    assert!(broker.device("a").is_none());
}

#[tokio::test]
async fn a_device_knows_what_it_was_made_of() {
    let config = |path| support::config("file", &[("path", path)], &coffer_audit::Environment::default());
    let made = device("a", "file", &[("path", "discard")]);
    let other = coffer_audit::Salt::from_bytes(&[1; 32]).unwrap();
    assert!(made.is_made_of(&config("discard"), &support::salt()));
    assert!(!made.is_made_of(&config("stdout"), &support::salt()));
    assert!(!made.is_made_of(&config("discard"), &other));
}
