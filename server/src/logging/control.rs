//! The log as `sys/loggers` and `sys/monitor` steer it.

use std::collections::BTreeMap;

use coffer_core::Chunks;
use coffer_core::local::{self, LogControl};
use tokio::sync::mpsc;

use super::Logging;
use crate::config::{LogFormat, LogLevel};

/// Pieces that wait for a reader; what comes beyond waits in the tap, which counts what it drops.
const WAITING: usize = 16;

impl LogControl for Logging {
    fn levels(&self) -> BTreeMap<String, local::LogLevel> {
        self.levels.all().into_iter().map(|(name, level)| (name, to_core(level))).collect()
    }

    fn set_all(&self, level: local::LogLevel) {
        self.levels.set_all(from_core(level));
    }

    fn set(&self, logger: &str, level: local::LogLevel) -> bool {
        self.levels.set(logger, from_core(level))
    }

    fn reset_all(&self) {
        self.levels.reset_all();
    }

    fn reset(&self, logger: &str) -> bool {
        self.levels.reset(logger)
    }

    fn listen(&self, level: local::LogLevel, format: local::LogFormat) -> Chunks {
        let (format, content_type) = match format {
            local::LogFormat::Standard => (LogFormat::Standard, "text/plain"),
            local::LogFormat::Json => (LogFormat::Json, "application/json"),
        };
        let mut tap = self.tap.listen(from_core(level), format);
        let (sender, pieces) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            loop {
                let line = tokio::select! {
                    line = tap.next() => line,
                    () = sender.closed() => None,
                };
                let Some(line) = line else { return };
                if sender.send(line.into_bytes()).await.is_err() {
                    return;
                }
            }
        });
        Chunks { content_type, pieces }
    }
}

fn to_core(level: LogLevel) -> local::LogLevel {
    match level {
        LogLevel::Trace => local::LogLevel::Trace,
        LogLevel::Debug => local::LogLevel::Debug,
        LogLevel::Info => local::LogLevel::Info,
        LogLevel::Warn => local::LogLevel::Warn,
        LogLevel::Error => local::LogLevel::Error,
    }
}

fn from_core(level: local::LogLevel) -> LogLevel {
    match level {
        local::LogLevel::Trace => LogLevel::Trace,
        local::LogLevel::Debug => LogLevel::Debug,
        local::LogLevel::Info => LogLevel::Info,
        local::LogLevel::Warn => LogLevel::Warn,
        local::LogLevel::Error => LogLevel::Error,
    }
}
