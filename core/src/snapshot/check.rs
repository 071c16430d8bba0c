//! Whether a file is a whole snapshot that a server could be opened from, before anything is changed.

use std::convert::Infallible;
use std::io::Read;

use coffer_model::Exchange;
use coffer_seal::{KEYRING_PATH, SEAL_CONFIG_PATH, STORED_KEYS_PATH, SealConfig};
use coffer_snapshot::{ReadError, Summary};

use super::is_of_the_state;
use crate::Failure;

/// A snapshot that was read to its end and found whole.
pub(crate) struct Checked {
    pub(crate) summary: Summary,
    /// Records that a restore takes.
    pub(crate) records: u64,
    /// Bytes of their keys and values.
    pub(crate) bytes: u64,
    pub(crate) seal_config: SealConfig,
    pub(crate) keyring: Vec<u8>,
    pub(crate) stored_keys: Vec<u8>,
}

/// Reads all of it. Blocks.
pub(crate) fn check(archive: impl Read, max_entry_size: usize) -> Result<Checked, Failure> {
    let (mut records, mut bytes) = (0u64, 0u64);
    let mut longest: Option<(usize, String)> = None;
    let (mut keyring, mut stored_keys, mut seal_config) = (None, None, None);
    let summary = coffer_snapshot::read(archive, |key, value| {
        if is_of_the_state(key) {
            records += 1;
            bytes += (key.len() + value.len()) as u64;
            let size = key.len() + value.len();
            if longest.as_ref().is_none_or(|(longest, _)| size > *longest) {
                longest = Some((size, key.to_owned()));
            }
            match key {
                KEYRING_PATH => keyring = Some(value.to_vec()),
                STORED_KEYS_PATH => stored_keys = Some(value.to_vec()),
                SEAL_CONFIG_PATH => seal_config = Some(value.to_vec()),
                _ => {}
            }
        }
        Ok::<_, Infallible>(())
    });
    let summary = summary.map_err(|error| match error {
        ReadError::Taker(never) => match never {},
        error => Failure::invalid(format!("failed to read snapshot file: {error}; nothing was changed")),
    })?;
    if let Some((size, key)) = longest.filter(|(size, _)| size + 8 + Exchange::OVERHEAD > max_entry_size) {
        return Err(Failure::invalid(format!(
            "the snapshot holds a record of {size} bytes at {key:?}; raise max_entry_size above that on all nodes to restore \
             it. Nothing was changed"
        )));
    }
    let (Some(keyring), Some(stored_keys), Some(seal_config)) = (keyring, stored_keys, seal_config) else {
        return Err(Failure::invalid("the snapshot is of a server that was not initialized; nothing was changed"));
    };
    let seal_config = SealConfig::read(&seal_config).map_err(|error| {
        Failure::invalid(format!(
            "the snapshot is of a server whose seal this one does not have: {error}; nothing was changed"
        ))
    })?;
    Ok(Checked { summary, records, bytes, seal_config, keyring, stored_keys })
}
