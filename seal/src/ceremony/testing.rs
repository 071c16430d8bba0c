//! A server's records, for the tests of the ceremonies.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::init::initialize;
use super::unseal::SealedRecords;
use crate::barrier::{Barrier, KeyringChange};
use crate::key_share::KeyShare;
use crate::record::{KEYRING_PATH, RecordChanges, SEAL_CONFIG_PATH, STORED_KEYS_PATH};
use crate::seal_config::SealConfig;

pub(crate) fn now() -> OffsetDateTime {
    time::macros::datetime!(2026-11-23 20:00 UTC)
}

pub(crate) struct Server {
    pub(crate) shares: Vec<KeyShare>,
    pub(crate) barrier: Barrier,
    pub(crate) records: BTreeMap<String, Vec<u8>>,
}

impl Server {
    pub(crate) fn new(shares: i64, threshold: i64) -> Self {
        let made = initialize(SealConfig::new(shares, threshold).unwrap(), now()).unwrap();
        let mut server = Self { shares: made.shares, barrier: made.barrier, records: BTreeMap::new() };
        server.apply(&made.records);
        server
    }

    pub(crate) fn config(&self) -> SealConfig {
        SealConfig::read(&self.records[SEAL_CONFIG_PATH]).unwrap()
    }

    pub(crate) fn stored_keys(&self) -> &[u8] {
        &self.records[STORED_KEYS_PATH]
    }

    pub(crate) fn sealed(&self) -> SealedRecords<'_> {
        SealedRecords { config: self.config(), stored_keys: self.stored_keys(), keyring: &self.records[KEYRING_PATH] }
    }

    pub(crate) fn store(&mut self, change: KeyringChange) {
        self.apply(change.records());
        self.barrier.install(change);
    }

    fn apply(&mut self, changes: &RecordChanges) {
        for path in &changes.deletes {
            self.records.remove(path);
        }
        self.records.extend(changes.puts.iter().map(|record| (record.path.clone(), record.value.clone())));
    }
}
