//! What a node knows and steers of itself alone: nothing here is replicated, and it is there in every phase.

mod browser;
mod in_flight;
mod logs;

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use coffer_telemetry::Telemetry;

pub use browser::{Browser, CORS_PATH, CorsConfig, UI_HEADERS_PATH, UiHeaders};
pub use in_flight::{InFlight, Running, Ticket};
pub use logs::{LogControl, LogFormat, LogLevel, NoLogs, UnknownLogLevel};

/// Tells when a certificate in use ends; asked anew each time, as certificates are replaced.
pub type CertificateEnd = Box<dyn Fn() -> Option<SystemTime> + Send + Sync>;

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
    listener_certificates: OnceLock<CertificateEnd>,
}

impl Local {
    /// Nothing in flight, nothing allowed to browsers.
    pub fn new(telemetry: Arc<Telemetry>, logs: Arc<dyn LogControl>) -> Self {
        Self {
            telemetry,
            logs,
            in_flight: InFlight::default(),
            browser: Browser::default(),
            listener_certificates: OnceLock::new(),
        }
    }

    /// Where to ask when the first of the listeners' certificates ends; the first that is told stays.
    pub fn watch_listener_certificates(&self, end: CertificateEnd) {
        let _ = self.listener_certificates.set(end);
    }

    /// When the first of the listeners' certificates ends; `None` where none has one.
    pub fn listener_certificates_end(&self) -> Option<SystemTime> {
        self.listener_certificates.get()?()
    }
}
