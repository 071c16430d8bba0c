//! What is to be saved when and where, and how that went.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mount::nanos;
use crate::{Failure, Timestamp, Transaction};

const CONFIGS: &str = "core/coffer/snapshot-auto/config/";
const STATUSES: &str = "core/coffer/snapshot-auto/status/";

/// Configurations there may be.
const LIMIT: usize = 1000;

/// A configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoSnapshot {
    /// From the beginning of one to the beginning of the next.
    #[serde(with = "nanos")]
    pub interval: Duration,
    /// Files that are kept; the oldest go.
    pub retain: usize,
    /// The folder, absolute.
    pub path_prefix: PathBuf,
    /// How the files' names begin.
    pub file_prefix: String,
    /// Bytes that all files together may take.
    pub local_max_space: u64,
}

/// What became of the last attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoStatus {
    /// When the last one was begun.
    pub last_start: Timestamp,
    /// When it ended, well or not.
    pub last_end: Timestamp,
    /// Why it failed; empty where it did not.
    pub last_error: String,
    /// Failures since the last good one.
    pub consecutive_errors: u64,
    /// When the last good one ended; zero: never.
    pub last_success: Timestamp,
    /// Where the last good one is: node and file.
    pub last_file: String,
    /// Its bytes.
    pub last_size: u64,
}

impl Default for AutoStatus {
    fn default() -> Self {
        Self {
            last_start: Timestamp::ZERO,
            last_end: Timestamp::ZERO,
            last_error: String::new(),
            consecutive_errors: 0,
            last_success: Timestamp::ZERO,
            last_file: String::new(),
            last_size: 0,
        }
    }
}

impl AutoSnapshot {
    /// The configuration of a name.
    pub fn read(tx: &mut Transaction, name: &str) -> Result<Option<Self>, Failure> {
        tx.get_json(&format!("{CONFIGS}{name}"))
    }

    /// Stores it.
    pub fn write(&self, tx: &mut Transaction, name: &str) -> Result<(), Failure> {
        tx.put_json(format!("{CONFIGS}{name}"), self)
    }

    /// Removes a configuration and what is known of its files, which stay.
    pub fn delete(tx: &mut Transaction, name: &str) {
        tx.delete(format!("{CONFIGS}{name}"));
        tx.delete(format!("{STATUSES}{name}"));
    }

    /// Names of all configurations, in order.
    pub fn names(tx: &Transaction) -> Result<Vec<String>, Failure> {
        let keys = tx.scan(CONFIGS, "", LIMIT)?;
        Ok(keys.into_iter().map(|key| key[CONFIGS.len()..].to_owned()).collect())
    }

    /// When the next one is due.
    pub fn next_start(&self, status: &AutoStatus) -> Timestamp {
        if status.last_start.is_zero() { Timestamp::ZERO } else { status.last_start.plus(self.interval) }
    }
}

impl AutoStatus {
    /// How the attempts of a name went.
    pub fn read(tx: &mut Transaction, name: &str) -> Result<Self, Failure> {
        Ok(tx.get_json(&format!("{STATUSES}{name}"))?.unwrap_or_default())
    }

    pub(super) fn write(&self, tx: &mut Transaction, name: &str) -> Result<(), Failure> {
        tx.put_json(format!("{STATUSES}{name}"), self)
    }
}
