//! Audit devices: who asked for what and what came back, one line an entry, in Vault's own JSON.
//!
//! The crate owns the shape of an entry, the HMAC that hides its secrets, the devices that keep it
//! (file, syslog, socket) and the [`Broker`] that hands an entry to all of them and says whether at
//! least one has it. It must not know of HTTP, Raft, the barrier or the mount table: the caller
//! borrows it the facts of a request ([`RequestFacts`], [`ResponseFacts`]), the salt of a device and
//! which headers to record.
//!
//! Each device has a thread of its own behind a bounded queue, so a device that hangs delays no
//! other; what waits in the queue is written at once (group commit).

mod broker;
mod config;
mod device;
mod duty;
mod entry;
mod facts;
mod headers;
mod metrics;
mod salt;

pub use broker::{AuditUnavailable, Broker, DeviceFailure, PathInUse};
pub use config::{ConfigError, DeviceConfig, Environment};
pub use device::{CheckError, Device};
pub use duty::Duty;
pub use facts::{
    AuthFacts, Data, LogFacts, MountFacts, PolicyResults, RawBody, RequestFacts, ResponseFacts, UnixNanos, WrapFacts,
};
pub use headers::HeaderRules;
pub use metrics::{EntryKind, Metrics, NoMetrics};
pub use salt::{Salt, SaltTooShort};
