//! A device: where lines go, and the thread that takes them there.

mod connection;
mod file;
mod network;
mod pulse;
mod queue;
mod sink;
mod stdout;
mod ticket;
mod writer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::config::{DeviceConfig, DeviceKind};
use crate::entry::{Format, line};
use crate::facts::{LogFacts, RequestFacts, UnixNanos};
use crate::headers::HeaderRules;
use crate::metrics::Metrics;
use crate::salt::Salt;

use file::FileSink;
use network::{NetworkSink, Target};
use pulse::Pulse;
use queue::{Full, Queue, Task};
use sink::Sink;
use stdout::StdoutSink;
pub(crate) use ticket::{Delivery, Reason, Ticket};

/// An audit device with its thread. Dropped, it writes what waits for it and ends.
pub struct Device {
    path: Arc<str>,
    config: DeviceConfig,
    format: Format,
    /// `None`: what comes is thrown away.
    worker: Option<Worker>,
}

struct Worker {
    queue: Arc<Queue>,
    pulse: Arc<Pulse>,
}

/// Why a device that was just made is not fit for use. Texts start as Vault's; they name the file or
/// address and what the system said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It could not be opened.
    #[error("sanity check failed; unable to {0}")]
    Open(String),
    /// The test entry did not get through.
    #[error("audit backend failed test message: {0}")]
    Test(String),
}

/// Longest wait for room in a device that has no time limit of its own.
const PATIENCE: Duration = Duration::from_secs(10);

impl Device {
    /// Starts a device; nothing is opened or connected until [`Device::check`] or the first entry.
    /// `path` is its name, `file/`.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(path: &str, config: DeviceConfig, salt: Salt, metrics: Arc<dyn Metrics>) -> std::io::Result<Self> {
        let path: Arc<str> = format!("{}/", path.trim_end_matches('/')).into();
        let timeout = config.write_timeout;
        let sink: Option<Box<dyn Sink>> = match config.kind.clone() {
            DeviceKind::Discard => None,
            DeviceKind::File(file) => Some(Box::new(FileSink::new(file))),
            DeviceKind::Stdout => Some(Box::<StdoutSink>::default()),
            DeviceKind::Syslog(syslog) => Some(Box::new(NetworkSink::new(Target::Syslog(syslog), timeout))),
            DeviceKind::Socket(socket) => Some(Box::new(NetworkSink::new(Target::Socket(socket), timeout))),
        };
        let worker = sink.map(|sink| Worker::start(&path, sink, metrics)).transpose()?;
        let format = Format {
            salt,
            raw: config.raw,
            hmac_accessor: config.hmac_accessor,
            elide_list_responses: config.elide_list_responses,
            syntax: config.syntax,
            prefix: config.prefix.clone(),
        };
        Ok(Self { path, config, format, worker })
    }

    /// Whether a device made from this configuration and salt would be the same.
    pub fn is_made_of(&self, config: &DeviceConfig, salt: &Salt) -> bool {
        self.config == *config && self.format.salt == *salt
    }

    /// Opens it and sends a test entry, unless it was configured to skip that. To be called before a
    /// device is enabled. `request_id` becomes the entry's id.
    pub async fn check(self: &Arc<Self>, request_id: &str) -> Result<(), CheckError> {
        if matches!(self.config.kind, DeviceKind::File(_)) {
            self.reopen().await.map_err(|reason| CheckError::Open(reason.to_string()))?;
        }
        if self.config.skip_test {
            return Ok(());
        }
        let request =
            RequestFacts { id: request_id, operation: "update", path: "sys/audit/test", ..RequestFacts::default() };
        let facts = LogFacts { request, ..LogFacts::default() };
        let line = line(&self.format, &HeaderRules::default(), &facts, None, UnixNanos::now())
            .map_err(|error| CheckError::Test(error.to_string()))?;
        let sent = self.ask(|queue, delivery| queue.push(Task::Test { line, delivery })).await;
        sent.map_err(|reason| CheckError::Test(reason.to_string()))
    }

    /// Its name, with a slash at the end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What stands for `input` in its log.
    pub fn hash(&self, input: &str) -> String {
        self.format.salt.hash(input)
    }

    pub(crate) fn delivery(&self, ticket: &Arc<Ticket>, slot: usize) -> Delivery {
        ticket.delivery(slot, &self.path)
    }

    pub(crate) fn format(&self) -> &Format {
        &self.format
    }

    /// Lets the file or connection go and opens it again.
    pub(crate) async fn reopen(self: &Arc<Self>) -> Result<(), Reason> {
        self.ask(|queue, delivery| queue.push(Task::Reopen(delivery))).await
    }

    /// Waits until all that was handed over before is dealt with.
    pub(crate) async fn flush(self: &Arc<Self>) -> Result<(), Reason> {
        self.ask(|queue, delivery| queue.push(Task::Flush(delivery))).await
    }

    async fn ask(self: &Arc<Self>, push: impl FnOnce(&Queue, Delivery)) -> Result<(), Reason> {
        let Some(worker) = &self.worker else { return Ok(()) };
        let ticket = Ticket::new(std::iter::once(true), None);
        push(&worker.queue, ticket.delivery(0, &self.path));
        let limit = self.config.write_timeout.is_none().then_some(PATIENCE);
        let answer = ticket.wait(std::slice::from_ref(self));
        let answer = match limit {
            None => answer.await,
            Some(limit) => tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(vec![])),
        };
        answer.map_err(|mut failures| match failures.pop() {
            Some((_, reason)) => reason,
            None => Reason::from("the device did not answer"),
        })
    }

    /// What it has is on disk: an entry waits for it.
    pub(crate) fn is_durable(&self) -> bool {
        matches!(&self.config.kind, DeviceKind::File(file) if file.fsync)
    }

    /// Hands a line over. Given back: there is no room for it now.
    pub(crate) fn offer(&self, line: &Bytes, delivery: Delivery) -> Option<Delivery> {
        let Some(worker) = &self.worker else {
            delivery.complete(Ok(()));
            return None;
        };
        if let Some(reason) = self.stalled() {
            // Nobody waits for a device that stands still; it gets the line all the same, if it ever moves.
            delivery.presume_failed(reason);
        }
        match worker.queue.offer(line.clone(), delivery) {
            Ok(()) => None,
            Err(Full(delivery)) => Some(delivery),
        }
    }

    /// Waits for room, as long as a device that works may take.
    pub(crate) async fn offer_patiently(&self, line: &Bytes, delivery: Delivery) {
        let Some(worker) = &self.worker else { return delivery.complete(Ok(())) };
        let limit = self.config.write_timeout.unwrap_or(PATIENCE);
        let standing = worker.pulse.busy_since().is_some_and(|since| since.elapsed() >= limit);
        let push = worker.queue.push_line(line.clone(), delivery);
        if !standing {
            // Dropped when the time is up, the delivery counts as failed.
            let _ = tokio::time::timeout(limit, push).await;
        }
    }

    /// When it will count as failed unless it gets on; `None`: never.
    pub(crate) fn stall_deadline(&self) -> Option<Instant> {
        let (worker, limit) = (self.worker.as_ref()?, self.config.write_timeout?);
        Some(worker.pulse.busy_since().unwrap_or_else(Instant::now) + limit)
    }

    /// Why it counts as failed, if it stands still longer than it may.
    pub(crate) fn stalled(&self) -> Option<Reason> {
        let (worker, limit) = (self.worker.as_ref()?, self.config.write_timeout?);
        let since = worker.pulse.busy_since()?;
        let standing = since.elapsed() >= limit;
        standing.then(|| format!("no progress for {} ms", since.elapsed().as_millis()).into())
    }
}

impl Worker {
    fn start(path: &Arc<str>, sink: Box<dyn Sink>, metrics: Arc<dyn Metrics>) -> std::io::Result<Self> {
        let (queue, pulse) = (Arc::new(Queue::new()), Arc::new(Pulse::new()));
        let worker = Self { queue: Arc::clone(&queue), pulse: Arc::clone(&pulse) };
        let device = Arc::clone(path);
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || writer::run(&queue, sink, &pulse, || metrics.shortened(&device)))?;
        Ok(worker)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.queue.close();
        self.pulse.give_up();
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("path", &self.path).finish_non_exhaustive()
    }
}
