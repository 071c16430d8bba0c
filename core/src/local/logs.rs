//! The server's log as operators steer it while it runs.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::Chunks;

/// Levels of the log and listening in on it; the server implements it. Nothing of this is stored: a restart brings the
/// configured levels back.
pub trait LogControl: Send + Sync {
    /// All loggers with their levels.
    fn levels(&self) -> BTreeMap<String, LogLevel>;

    /// Sets the level of all loggers.
    fn set_all(&self, level: LogLevel);

    /// Sets the level of one logger; false if there is none of that name.
    fn set(&self, logger: &str, level: LogLevel) -> bool;

    /// Gives all loggers the configured level again.
    fn reset_all(&self);

    /// Gives one logger the configured level again; false if there is none of that name.
    fn reset(&self, logger: &str) -> bool;

    /// The lines from now on, of at least this level, until the reader goes away. What the log itself holds is the same as
    /// before.
    fn listen(&self, level: LogLevel, format: LogFormat) -> Chunks;
}

/// Severity, as Vault names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// What helps to find a fault.
    Debug,
    /// What happens.
    Info,
    /// What should be looked at.
    Warn,
    /// What failed.
    Error,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Standard,
    /// A JSON object a line.
    Json,
}

/// A text that names no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown log level: {0}")]
pub struct UnknownLogLevel(pub String);

impl FromStr for LogLevel {
    type Err = UnknownLogLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "trace" => Ok(Self::Trace),
            "debug" => Ok(Self::Debug),
            "notice" | "info" => Ok(Self::Info),
            "warn" | "warning" => Ok(Self::Warn),
            "err" | "error" => Ok(Self::Error),
            _ => Err(UnknownLogLevel(text.to_owned())),
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// No log: for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLogs;

impl LogControl for NoLogs {
    fn levels(&self) -> BTreeMap<String, LogLevel> {
        BTreeMap::new()
    }

    fn set_all(&self, _: LogLevel) {}

    fn set(&self, _: &str, _: LogLevel) -> bool {
        false
    }

    fn reset_all(&self) {}

    fn reset(&self, _: &str) -> bool {
        false
    }

    fn listen(&self, _: LogLevel, _: LogFormat) -> Chunks {
        Chunks::ended("text/plain")
    }
}
