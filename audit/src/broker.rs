//! Hands each entry to all devices and says whether at least one has it.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use bytes::Bytes;
use parking_lot::Mutex;

use crate::device::{Delivery, Device, Reason, Ticket};
use crate::entry::line;
use crate::facts::{LogFacts, ResponseFacts, UnixNanos};
use crate::headers::HeaderRules;
use crate::metrics::{EntryKind, Metrics};

/// The enabled devices. Changes take effect at once and as a whole.
pub struct Broker {
    enabled: ArcSwap<Enabled>,
    /// Held while the set is changed.
    changing: Mutex<()>,
    metrics: Arc<dyn Metrics>,
}

#[derive(Default)]
struct Enabled {
    devices: Arc<[Arc<Device>]>,
    headers: HeaderRules,
    /// There are devices, and this node has let go of them.
    closed: bool,
}

/// No enabled device has the entry: what was asked for must not happen, or not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditUnavailable {
    /// Which entry could not be logged.
    pub kind: EntryKind,
    /// Each enabled device; none where the broker is closed.
    pub devices: Vec<DeviceFailure>,
}

impl AuditUnavailable {
    /// Whether [`Broker::close`] came before the entry.
    pub fn is_closed(&self) -> bool {
        self.devices.is_empty()
    }
}

/// Why a device did not take an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceFailure {
    /// Its path, `file/`.
    pub device: String,
    /// What was tried and what the system said; never a part of an entry.
    pub reason: String,
}

/// A device cannot be enabled at a path that is another's, above it or below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("path already in use")]
pub struct PathInUse;

impl Broker {
    /// A broker without devices: everything counts as logged.
    pub fn new(metrics: Arc<dyn Metrics>) -> Self {
        Self { enabled: ArcSwap::default(), changing: Mutex::new(()), metrics }
    }

    /// Logs a request. Everything is read from the facts before this returns, so the future holds none
    /// of them. It is ready as soon as one device has handed the entry to the kernel and each device
    /// with `fsync` has it on disk or has failed. Dropping it does not take the entry back.
    pub fn log_request(
        &self,
        facts: &LogFacts<'_>,
    ) -> impl Future<Output = Result<(), AuditUnavailable>> + Send + use<> {
        self.log(EntryKind::Request, facts, None)
    }

    /// Logs an answer; see [`Broker::log_request`].
    pub fn log_response(
        &self,
        facts: &LogFacts<'_>,
        response: &ResponseFacts<'_>,
    ) -> impl Future<Output = Result<(), AuditUnavailable>> + Send + use<> {
        self.log(EntryKind::Response, facts, Some(response))
    }

    /// Logs a request on every device, one after the other, where one that lacks the entry is one too many. As with
    /// [`Broker::log_request`], the future holds none of the facts.
    pub fn log_request_on_every(
        &self,
        facts: &LogFacts<'_>,
    ) -> impl Future<Output = Result<(), AuditUnavailable>> + Send + use<> {
        let enabled = self.enabled.load();
        let alone = |device: &Arc<Device>| {
            let devices = Arc::from([Arc::clone(device)]);
            let alone = Enabled { devices, headers: enabled.headers.clone(), closed: false };
            self.log_to(&alone, EntryKind::Request, facts, None)
        };
        let each: Vec<_> = enabled.devices.iter().map(alone).collect();
        let closed = enabled.closed;
        async move {
            if closed {
                return Err(closed_before(EntryKind::Request));
            }
            for logged in each {
                logged.await?;
            }
            Ok(())
        }
    }

    /// Adds a device; it should have passed [`Device::check`].
    pub fn enable(&self, device: Arc<Device>) -> Result<(), PathInUse> {
        self.change(|devices| {
            if overlaps(devices, device.path()) {
                return Err(PathInUse);
            }
            devices.push(device);
            Ok(())
        })
    }

    /// Whether a device of this path could be enabled.
    pub fn check_path(&self, path: &str) -> Result<(), PathInUse> {
        let path = with_slash(path);
        if overlaps(&self.enabled.load().devices, &path) { Err(PathInUse) } else { Ok(()) }
    }

    /// Takes a device out; whether it was there. What it was handed before is still written.
    pub fn disable(&self, path: &str) -> bool {
        let path = with_slash(path);
        self.change(|devices| {
            let before = devices.len();
            devices.retain(|device| device.path() != path);
            devices.len() < before
        })
    }

    /// Puts other devices in place of all.
    pub fn replace(&self, devices: Vec<Arc<Device>>) {
        self.change(|all| *all = devices);
    }

    /// Lets all devices go when the node is sealed. Until the next change nothing counts as logged: what is under way is
    /// not to go on unseen.
    pub fn close(&self) {
        let _changing = self.changing.lock();
        let headers = self.enabled.load().headers.clone();
        self.enabled.store(Arc::new(Enabled { devices: Arc::default(), headers, closed: true }));
    }

    /// Whether no device is enabled, so that nothing has to be logged.
    pub fn is_off(&self) -> bool {
        let enabled = self.enabled.load();
        enabled.devices.is_empty() && !enabled.closed
    }

    /// Puts other header rules in place.
    pub fn set_headers(&self, headers: HeaderRules) {
        let _changing = self.changing.lock();
        let old = self.enabled.load_full();
        self.enabled.store(Arc::new(Enabled { devices: Arc::clone(&old.devices), headers, closed: old.closed }));
    }

    /// The enabled devices.
    pub fn devices(&self) -> Arc<[Arc<Device>]> {
        Arc::clone(&self.enabled.load().devices)
    }

    /// The device at a path, with or without the slash at its end.
    pub fn device(&self, path: &str) -> Option<Arc<Device>> {
        let path = with_slash(path);
        self.enabled.load().devices.iter().find(|device| device.path() == path).cloned()
    }

    /// Opens files and connections anew (SIGHUP); gives the devices that could not.
    pub async fn reload(&self) -> Vec<DeviceFailure> {
        let mut failures = Vec::new();
        for device in &*self.devices() {
            if let Err(reason) = device.reopen().await {
                failures.push(failure(device, &reason));
            }
        }
        failures
    }

    /// Waits until all that was logged is written, as far as devices still write; for a clean end.
    pub async fn flush(&self) {
        for device in &*self.devices() {
            // One that hangs has been waited for as long as it may hang.
            let _ = device.flush().await;
        }
    }

    fn log(
        &self,
        kind: EntryKind,
        facts: &LogFacts<'_>,
        response: Option<&ResponseFacts<'_>>,
    ) -> impl Future<Output = Result<(), AuditUnavailable>> + Send + use<> {
        self.log_to(&self.enabled.load(), kind, facts, response)
    }

    fn log_to(
        &self,
        enabled: &Enabled,
        kind: EntryKind,
        facts: &LogFacts<'_>,
        response: Option<&ResponseFacts<'_>>,
    ) -> impl Future<Output = Result<(), AuditUnavailable>> + Send + use<> {
        let started = Instant::now();
        let (devices, closed) = (Arc::clone(&enabled.devices), enabled.closed);
        let handed = (!devices.is_empty()).then(|| {
            let awaited = devices.iter().map(|device| device.is_durable());
            let ticket = Ticket::new(awaited, Some((Arc::clone(&self.metrics), kind)));
            let full = hand_over(enabled, &ticket, facts, response);
            (ticket, full)
        });
        let metrics = Arc::clone(&self.metrics);
        async move {
            let Some((ticket, full)) = handed else {
                return if closed { Err(closed_before(kind)) } else { Ok(()) };
            };
            for Left { slot, line, delivery } in full {
                if let Some(device) = devices.get(slot) {
                    device.offer_patiently(&line, delivery).await;
                }
            }
            let outcome = ticket.wait(&devices).await;
            metrics.logged(kind, started.elapsed(), outcome.is_ok());
            outcome.map_err(|failures| {
                let failures = failures
                    .iter()
                    .filter_map(|(slot, reason)| devices.get(*slot).map(|device| failure(device, reason)));
                AuditUnavailable { kind, devices: failures.collect() }
            })
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Arc<Device>>) -> T) -> T {
        let _changing = self.changing.lock();
        let old = self.enabled.load_full();
        let mut devices = old.devices.to_vec();
        let answer = change(&mut devices);
        let headers = old.headers.clone();
        self.enabled.store(Arc::new(Enabled { devices: devices.into(), headers, closed: false }));
        answer
    }
}

fn closed_before(kind: EntryKind) -> AuditUnavailable {
    AuditUnavailable { kind, devices: Vec::new() }
}

/// A line for which a device had no room.
struct Left {
    slot: usize,
    line: Bytes,
    delivery: Delivery,
}

/// Makes a line for each format there is and gives it to the devices that want it.
fn hand_over(
    enabled: &Enabled,
    ticket: &Arc<Ticket>,
    facts: &LogFacts<'_>,
    response: Option<&ResponseFacts<'_>>,
) -> Vec<Left> {
    let now = UnixNanos::now();
    let mut full = Vec::new();
    let mut made: Vec<(usize, Bytes)> = Vec::with_capacity(enabled.devices.len());
    for (slot, device) in enabled.devices.iter().enumerate() {
        let delivery = device.delivery(ticket, slot);
        let same = made.iter().find(|(other, _)| enabled.devices[*other].format() == device.format());
        let line = match same {
            Some((_, line)) => Ok(line.clone()),
            None => line(device.format(), &enabled.headers, facts, response, now),
        };
        match line {
            Ok(line) => {
                if let Some(delivery) = device.offer(&line, delivery) {
                    full.push(Left { slot, line: line.clone(), delivery });
                }
                made.push((slot, line));
            }
            Err(error) => delivery.complete(Err(error.to_string().into())),
        }
    }
    full
}

fn overlaps(devices: &[Arc<Device>], path: &str) -> bool {
    devices.iter().any(|device| device.path().starts_with(path) || path.starts_with(device.path()))
}

fn with_slash(path: &str) -> String {
    format!("{}/", path.trim_end_matches('/'))
}

fn failure(device: &Device, reason: &Reason) -> DeviceFailure {
    DeviceFailure { device: device.path().to_owned(), reason: reason.to_string() }
}

impl fmt::Display for AuditUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no audit device succeeded in logging the {}", self.kind.name())?;
        if self.is_closed() {
            return f.write_str(": the node has let go of them, as it is sealed");
        }
        for (at, DeviceFailure { device, reason }) in self.devices.iter().enumerate() {
            write!(f, "{} {device} {reason}", if at == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for AuditUnavailable {}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("devices", &self.devices()).finish_non_exhaustive()
    }
}
