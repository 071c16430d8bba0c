//! The releases that have served this data, as Vault keeps them.

use serde::{Deserialize, Serialize};

use crate::{Failure, Timestamp, Transaction};

const PREFIX: &str = "core/versions/";

/// Releases read at most.
const MAX_RECORDS: usize = 10_000;

/// One release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// When it first served.
    #[serde(rename = "TimestampInstalled")]
    pub installed: Timestamp,
    /// As `sys/health` reports it.
    #[serde(rename = "Version")]
    pub version: String,
    /// When it was built, RFC 3339.
    #[serde(rename = "BuildDate", default)]
    pub build_date: String,
}

impl VersionRecord {
    /// Writes the record unless there is one.
    pub(crate) fn note(self, tx: &mut Transaction) -> Result<(), Failure> {
        let path = format!("{PREFIX}{}", self.version);
        if tx.get(&path)?.is_none() {
            tx.put_json(path, &self)?;
        }
        Ok(())
    }

    /// All of them, the first release first.
    pub fn all(tx: &mut Transaction) -> Result<Vec<Self>, Failure> {
        let mut records = Vec::new();
        for path in tx.scan(PREFIX, "", MAX_RECORDS)? {
            records.extend(tx.peek_json::<Self>(&path)?);
        }
        records.sort_by(|a, b| (a.installed, &a.version).cmp(&(b.installed, &b.version)));
        Ok(records)
    }
}
