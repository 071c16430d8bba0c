//! Audit of requests: the table of devices in storage, and what of a request they are told.

mod facts;
mod headers;
mod table;
mod timings;

use std::collections::BTreeMap;
use std::sync::Arc;

use coffer_audit::{AuditUnavailable, Broker, Device, DeviceConfig, Duty, Environment, Metrics, Salt};

pub use headers::AuditedHeaders;
pub use table::{AuditDevice, AuditTable};
pub use timings::AuditTimings;

use tokio::sync::watch;

use crate::active::Active;
use crate::pipeline::Trail;
use crate::{Failure, Request, Response, Timestamp, Transaction};

/// The devices in use and the way to change them.
pub struct AuditLog {
    broker: Broker,
    environment: Environment,
    metrics: Arc<dyn Metrics>,
    /// Why no device takes entries, while none does.
    failing: watch::Sender<Option<String>>,
}

impl AuditLog {
    /// No device yet; see [`AuditLog::reload`].
    pub fn new(environment: Environment, metrics: Arc<dyn Metrics>) -> Self {
        Self { broker: Broker::new(Arc::clone(&metrics)), environment, metrics, failing: watch::Sender::new(None) }
    }

    /// The devices themselves: to reopen at SIGHUP, to hash with.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Why no device takes entries; `None` while one does, or none is enabled.
    pub fn failing(&self) -> Option<String> {
        self.failing.borrow().clone()
    }

    /// Changes with [`AuditLog::failing`].
    pub fn watch_failing(&self) -> watch::Receiver<Option<String>> {
        self.failing.subscribe()
    }

    /// Until the next entry shows otherwise, the devices count as good.
    pub fn forget_failures(&self) {
        self.failing.send_if_modified(|failing| failing.take().is_some());
    }

    fn note(&self, logged: &Result<(), AuditUnavailable>) {
        match logged {
            Ok(()) if self.failing.borrow().is_none() => {}
            Ok(()) => self.forget_failures(),
            Err(unavailable) if unavailable.is_closed() => {}
            Err(unavailable) => {
                self.failing.send_if_modified(|failing| failing.replace(unavailable.to_string()).is_none());
            }
        }
    }

    /// Takes the stored table into use. Devices whose row did not change live on. One that this node's configuration
    /// refuses is left out with an alarm; none left is an error.
    pub fn reload(&self, tx: &mut Transaction) -> Result<(), Failure> {
        let table = AuditTable::read(tx)?;
        let running = self.broker.devices();
        let mut devices = Vec::with_capacity(table.entries.len());
        let mut refused = Vec::new();
        for row in &table.entries {
            match self.take(tx, row, &running) {
                Ok(device) => devices.push(device),
                Err(failure) => {
                    tracing::error!(device = row.path, "an enabled audit device is not used on this node: {failure}");
                    refused.push(format!("{}: {failure}", row.path));
                }
            }
        }
        if devices.is_empty() && !refused.is_empty() {
            let why = format!("none of the enabled audit devices can be used on this node: {}", refused.join("; "));
            // Another node may be able to.
            self.failing.send_if_modified(|failing| failing.replace(why.clone()).is_none());
            return Err(Failure::Audit(why));
        }
        self.broker.replace(devices);
        self.broker.set_headers(AuditedHeaders::read(tx)?.rules());
        Ok(())
    }

    fn take(&self, tx: &mut Transaction, row: &AuditDevice, running: &[Arc<Device>]) -> Result<Arc<Device>, Failure> {
        let salt = table::read_salt(tx, &row.uuid)?
            .ok_or_else(|| Failure::Internal(format!("audit device {:?} has no salt", row.path)))?;
        let salt = Salt::from_bytes(&salt).map_err(Failure::internal)?;
        let config = self.parse(&row.type_name, &row.options)?;
        // A device of the same path may be another one: disabled, and enabled with other options.
        let same = |device: &&Arc<Device>| device.path() == row.path && device.is_made_of(&config, &salt);
        match running.iter().find(same) {
            Some(device) => Ok(Arc::clone(device)),
            None => Ok(Arc::new(self.start(&row.path, config, salt)?)),
        }
    }

    /// Adds a device: started and tried before it is stored, so that one that can't write never gets into the table.
    pub fn enable(&self, tx: &mut Transaction, mut row: AuditDevice) -> Result<Vec<String>, Failure> {
        let mut table = AuditTable::read(tx)?;
        let taken = |present: &AuditDevice| row.path.starts_with(&present.path) || present.path.starts_with(&row.path);
        if table.entries.iter().any(taken) {
            return Err(Failure::invalid("path already in use"));
        }
        let salt_text = zeroize::Zeroizing::new(uuid::Uuid::new_v4().to_string());
        let config = self.parse(&row.type_name, &row.options)?;
        let warnings = warnings(&config);
        let salt = Salt::from_bytes(salt_text.as_bytes()).map_err(Failure::internal)?;
        let device = self.start(&row.path, config, salt)?;
        // The handler runs on a thread of its own (`Cost::Heavy`), so it may wait for the device.
        let device = Arc::new(device);
        tokio::runtime::Handle::current()
            .block_on(device.check(&uuid::Uuid::new_v4().to_string()))
            .map_err(|error| Failure::Invalid(error.to_string()))?;
        row.options.retain(|_, value| !value.is_empty());
        table::write_salt(tx, &row.uuid, salt_text.as_bytes());
        table.entries.push(row);
        table.write(tx)?;
        Ok(warnings)
    }

    /// Takes a device away; whether it was there.
    pub fn disable(&self, tx: &mut Transaction, path: &str) -> Result<bool, Failure> {
        let mut table = AuditTable::read(tx)?;
        let Some(index) = table.entries.iter().position(|row| row.path == path) else { return Ok(false) };
        let row = table.entries.remove(index);
        table::delete_salt(tx, &row.uuid);
        table.write(tx)?;
        Ok(true)
    }

    /// Lets all devices go; called when the node gives up its keys, which their salts lie behind. Requests under way are
    /// refused with [`Failure::Sealed`] from then on.
    pub fn close(&self) {
        self.broker.close();
    }

    /// Logs a request before it is carried out. `error`: why it will not be.
    pub async fn request(
        &self,
        active: &Active,
        request: &Request,
        trail: &Trail,
        error: Option<&Failure>,
    ) -> Result<(), Failure> {
        if self.broker.is_off() {
            return Ok(());
        }
        let logged = facts::with_request(active, request, trail, error, |facts| self.broker.log_request(facts));
        let logged = logged.await;
        self.note(&logged);
        may_be_lost(&request.path, logged).map_err(|unavailable| {
            if unavailable.is_closed() {
                return Failure::Sealed;
            }
            Failure::Audit(format!(
                "the request was not carried out, since no audit device could record it: {unavailable}"
            ))
        })
    }

    /// Logs an answer before it leaves. [`Failure::Sealed`]: the devices are gone, as the node was sealed meanwhile.
    pub async fn response(
        &self,
        active: &Active,
        request: &Request,
        trail: &Trail,
        result: &Result<Response, Failure>,
    ) -> Result<(), Failure> {
        if self.broker.is_off() {
            return Ok(());
        }
        let logged = facts::with_response(active, request, trail, result, |facts, response| {
            self.broker.log_response(facts, response)
        });
        let logged = logged.await;
        self.note(&logged);
        may_be_lost(&request.path, logged).map_err(|unavailable| {
            if unavailable.is_closed() { Failure::Sealed } else { Failure::Audit(unavailable.to_string()) }
        })
    }

    fn start(&self, path: &str, config: DeviceConfig, salt: Salt) -> Result<Device, Failure> {
        Device::start(path, config, salt, Arc::clone(&self.metrics)).map_err(Failure::internal)
    }

    fn parse(&self, type_name: &str, options: &BTreeMap<String, String>) -> Result<DeviceConfig, Failure> {
        DeviceConfig::parse(type_name, options, &self.environment).map_err(|error| Failure::Invalid(error.to_string()))
    }
}

/// Lets a request go on unrecorded where an operator must be able to take the node out of service all the same.
fn may_be_lost(path: &str, logged: Result<(), AuditUnavailable>) -> Result<(), AuditUnavailable> {
    let Err(unavailable) = logged else { return Ok(()) };
    if !unavailable.is_closed() {
        tracing::error!("{unavailable}");
    }
    match Duty::of(path) {
        Duty::Required => Err(unavailable),
        Duty::BestEffort => Ok(()),
    }
}

fn warnings(config: &DeviceConfig) -> Vec<String> {
    let mut warnings: Vec<_> = config
        .unknown_options()
        .iter()
        .map(|option| format!("audit option {option:?} is not known and has no effect"))
        .collect();
    if config.logs_raw() {
        warnings.push("log_raw is on: this device writes secrets and tokens in clear".to_owned());
    }
    warnings
}

/// A fresh row of the table.
pub fn new_device(path: &str, type_name: &str) -> AuditDevice {
    let uuid = uuid::Uuid::new_v4().to_string();
    let accessor = format!("audit_{type_name}_{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
    AuditDevice {
        table: "audit".to_owned(),
        path: path.to_owned(),
        type_name: type_name.to_owned(),
        description: String::new(),
        uuid,
        accessor,
        options: BTreeMap::new(),
        local: false,
        namespace_id: "root".to_owned(),
    }
}

/// Go's name of a moment for audit facts.
fn nanos(at: Timestamp) -> coffer_audit::UnixNanos {
    coffer_audit::UnixNanos(at.unix_nanos())
}
