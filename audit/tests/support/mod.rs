//! What the device tests share.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use coffer_audit::{
    AuditUnavailable, Broker, Device, DeviceConfig, EntryKind, Environment, LogFacts, Metrics, NoMetrics, RequestFacts,
    Salt,
};
use parking_lot::Mutex;

pub fn config(kind: &str, options: &[(&str, &str)], environment: &Environment) -> DeviceConfig {
    let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    DeviceConfig::parse(kind, &options.collect::<BTreeMap<_, _>>(), environment).unwrap()
}

pub fn device(path: &str, kind: &str, options: &[(&str, &str)]) -> Arc<Device> {
    with_environment(path, kind, options, &Environment::default())
}

pub fn with_environment(path: &str, kind: &str, options: &[(&str, &str)], environment: &Environment) -> Arc<Device> {
    let config = config(kind, options, environment);
    Arc::new(Device::start(path, config, salt(), Arc::new(NoMetrics)).unwrap())
}

pub fn salt() -> Salt {
    Salt::from_bytes(&[9; 32]).unwrap()
}

pub fn broker(devices: &[Arc<Device>]) -> Broker {
    let broker = Broker::new(Arc::new(NoMetrics));
    devices.iter().for_each(|device| broker.enable(Arc::clone(device)).unwrap());
    broker
}

/// Logs a request with this id.
pub async fn log(broker: &Broker, id: &str) -> Result<(), AuditUnavailable> {
    log_padded(broker, id, "").await
}

/// Logs a request with this id and a path of the length of `padding`.
pub async fn log_padded(broker: &Broker, id: &str, padding: &str) -> Result<(), AuditUnavailable> {
    let request = RequestFacts { id, path: padding, client_token: "s.canary", ..RequestFacts::default() };
    broker.log_request(&LogFacts { request, ..LogFacts::default() }).await
}

/// Ids of the entries in a log, in order; what is no JSON is given as it is.
pub fn ids(log: &str) -> Vec<String> {
    let id = |line: &str| match serde_json::from_str::<serde_json::Value>(line) {
        Ok(entry) => entry["request"]["id"].as_str().unwrap_or_default().to_owned(),
        Err(_) => line.to_owned(),
    };
    log.lines().map(id).collect()
}

pub fn read(path: impl AsRef<std::path::Path>) -> Vec<String> {
    ids(&std::fs::read_to_string(path).unwrap())
}

/// Keeps what it is told.
#[derive(Default)]
pub struct Recorder(pub Mutex<Vec<String>>);

impl Metrics for Recorder {
    fn logged(&self, kind: EntryKind, _: Duration, ok: bool) {
        self.0.lock().push(format!("{kind:?} {ok}"));
    }

    fn device_logged(&self, device: &str, kind: EntryKind, _: Duration, ok: bool) {
        self.0.lock().push(format!("{device} {kind:?} {ok}"));
    }

    fn shortened(&self, device: &str) {
        self.0.lock().push(format!("{device} shortened"));
    }
}
