//! The server's own log: who may say what, how a line looks, where it goes, and who listens in.

mod control;
mod format;
mod layer;
mod levels;
mod redact;
mod sink;
mod subsystem;
mod tap;

use std::sync::Arc;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use levels::LogLevels;
pub use sink::{LogFileError, Sink};
pub use tap::{LogTap, TapReceiver};

use crate::config::{LogFormat, LogSettings};
use layer::LogLayer;

/// The log at work: what can be changed while it runs.
#[derive(Debug, Clone)]
pub struct Logging {
    /// Who may say what.
    pub levels: Arc<LogLevels>,
    /// Who listens in.
    pub tap: LogTap,
    sink: Arc<Sink>,
}

impl Logging {
    /// Begins to log, to standard error and to the file if one is set. Called once a process: later calls give a log
    /// that nothing is said to.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn begin(settings: &LogSettings) -> Result<Self, LogFileError> {
        let sink = Arc::new(Sink::open(settings.file.as_deref())?);
        let levels = Arc::new(LogLevels::new(settings.level.unwrap_or(crate::config::LogLevel::Info)));
        let logging = Self { tap: LogTap::new(Arc::clone(&levels)), levels, sink };
        let _ = tracing_subscriber::registry().with(logging.layer(settings.format.unwrap_or_default())).try_init();
        Ok(logging)
    }

    /// Opens the file anew, for one that was renamed by a rotation.
    ///
    /// # Errors
    /// The file cannot be opened; the old one stays in use.
    pub fn reopen(&self) -> Result<(), LogFileError> {
        self.sink.reopen()
    }

    fn layer(&self, format: LogFormat) -> LogLayer {
        LogLayer { levels: Arc::clone(&self.levels), tap: self.tap.clone(), sink: Arc::clone(&self.sink), format }
    }
}

#[cfg(test)]
mod tests;
