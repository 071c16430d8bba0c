//! Counts and times of a running node, and their two forms: Prometheus' text and the JSON of Vault's in-memory sink.
//!
//! Owns: the instruments, their names, and how they are written out. An instrument is made once and held by who uses it:
//! recording is a few atomic additions, without a lock or a look-up by name.
//! Must not know: requests, tokens, Raft. Labels come from closed sets (mount types, operations), never from a request.

mod exposition;
mod gauge;
mod instrument;
mod intervals;
mod name;
mod process;
mod telemetry;
mod window;

pub use exposition::{json, prometheus_text};
pub use gauge::Gauge;
pub use instrument::{Count, Timer, Timing};
pub use process::process_gauges;
pub use telemetry::Telemetry;
