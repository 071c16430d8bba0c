//! What a node knows and steers of itself alone: nothing here is replicated, and it is there in every phase.

mod browser;
mod in_flight;
mod logs;

use std::sync::Arc;

use coffer_telemetry::Telemetry;

pub use browser::{Browser, CORS_PATH, CorsConfig, UI_HEADERS_PATH, UiHeaders};
pub use in_flight::{InFlight, Running, Ticket};
pub use logs::{LogControl, LogFormat, LogLevel, NoLogs, UnknownLogLevel};

/// The node's own affairs.
pub struct Local {
    /// Counts and times.
    pub telemetry: Arc<Telemetry>,
    /// Requests that are being answered.
    pub in_flight: InFlight,
    /// What browsers are told and allowed.
    pub browser: Browser,
    /// The server's log.
    pub logs: Arc<dyn LogControl>,
}

impl Local {
    /// Nothing in flight, nothing allowed to browsers.
    pub fn new(telemetry: Arc<Telemetry>, logs: Arc<dyn LogControl>) -> Self {
        Self { telemetry, logs, in_flight: InFlight::default(), browser: Browser::default() }
    }
}
