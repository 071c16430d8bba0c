//! Finding tokens other than the caller's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Salt, SaltedId, TokenEntry, Tokens, batch, keys, secret};
use crate::{Failure, SecretText, Timestamp, Transaction};

/// What an accessor leads to, in Vault's JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AccessorRecord {
    #[serde(with = "secret")]
    pub(super) token_id: SecretText,
    pub(super) accessor_id: String,
    #[serde(default)]
    pub(super) namespace_id: String,
}

impl Tokens {
    /// The token of an accessor, whatever state it is in; `None` for an accessor that there is not.
    pub fn token_of_accessor(&self, tx: &mut Transaction, accessor: &str) -> Result<Option<SecretText>, Failure> {
        let id = Salt::of(tx)?.salted(accessor);
        let record = tx.get_json::<AccessorRecord>(&keys::accessor(&id))?;
        Ok(record.map(|record| record.token_id))
    }

    /// A token to look at: live, or having its last use with this very request.
    pub fn look_up(
        &self,
        tx: &mut Transaction,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<TokenEntry>>, Failure> {
        self.find_in_last_use(tx, token, now)
    }

    /// Accessors of stored tokens, in no meaning order, after the salted accessor `after`, at most `limit`; with the last
    /// salted accessor looked at.
    pub fn accessors(&self, tx: &mut Transaction, after: &str, limit: usize) -> Result<(Vec<String>, String), Failure> {
        let after = if after.is_empty() { String::new() } else { format!("{}{after}", keys::ACCESSOR_PREFIX) };
        let found = tx.scan(keys::ACCESSOR_PREFIX, &after, limit)?;
        let last = found.last().map(|key| key[keys::ACCESSOR_PREFIX.len()..].to_owned()).unwrap_or_default();
        let mut accessors = Vec::with_capacity(found.len());
        for key in found {
            if let Some(record) = tx.peek_json::<AccessorRecord>(&key)? {
                accessors.push(record.accessor_id);
            }
        }
        Ok((accessors, last))
    }

    /// Counts stored tokens up to `limit`.
    pub fn count(&self, tx: &Transaction, limit: usize) -> Result<usize, Failure> {
        Ok(tx.scan(keys::ID_PREFIX, "", limit)?.len())
    }
}

/// Whether a token is stored, in whatever state.
pub(crate) fn exists(tx: &mut Transaction, id: &SaltedId) -> Result<bool, Failure> {
    Ok(tx.get(&keys::record(id))?.is_some())
}

/// The record in a batch token, expired or not.
pub(crate) fn open_batch(tx: &Transaction, token: &str) -> Option<TokenEntry> {
    batch::open(tx.barrier(), token)
}
