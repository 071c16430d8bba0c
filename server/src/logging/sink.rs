//! Where lines go: standard error, and a file that can be reopened.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Standard error, and perhaps a file.
#[derive(Debug)]
pub struct Sink {
    file: Option<LogFile>,
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: Mutex<File>,
}

/// The log file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("log file {}: {reason}: check that its folder exists and may be written to, or change log_file", path.display())]
pub struct LogFileError {
    path: PathBuf,
    reason: io::Error,
}

impl Sink {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, LogFileError> {
        let Some(path) = path else { return Ok(Self { file: None }) };
        // A folder means a file in it, as in Vault.
        let path = if path.is_dir() { path.join("vault.log") } else { path.to_owned() };
        let file = Mutex::new(open(&path)?);
        Ok(Self { file: Some(LogFile { path, file }) })
    }

    pub(super) fn reopen(&self) -> Result<(), LogFileError> {
        if let Some(log) = &self.file {
            let fresh = open(&log.path)?;
            *log.file.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(())
    }

    /// A line that cannot be written is lost: the log must not stop the server.
    pub(super) fn write(&self, line: &str) {
        if let Some(log) = &self.file {
            let _ = log.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

fn open(path: &Path) -> Result<File, LogFileError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|reason| LogFileError { path: path.to_owned(), reason })
}
