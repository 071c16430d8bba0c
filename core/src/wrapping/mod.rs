//! Response wrapping: an answer is put into the cubbyhole of a token that can be used once, and the token is sent instead.
//!
//! Who comes first gets the answer: unwrapping takes the one use of the token in the same entry that removes it, so of two
//! requests at the same time one is run again and finds nothing.

mod admit;
mod record;
#[cfg(test)]
mod tests;

use std::time::Duration;

use zeroize::Zeroizing;

use crate::lease::MountAccess;
use crate::token::{NewToken, Shown, TokenEntry, Tokens};
use crate::{Failure, Timestamp, Transaction, WrapInfo};
pub use record::WrapLookup;
use record::{KeptInfo, KeptResponse};

/// What a caller is told of a token that is no wrapping token, or no more.
pub const NOT_VALID: &str = "wrapping token is not valid or does not exist";

/// Response wrapping. Keeps nothing of its own.
#[derive(Debug, Default)]
pub struct Wrapping;

/// An answer to be wrapped.
#[derive(Debug)]
pub struct Wrapped<'a> {
    /// The answer as it would have been sent: the envelope in JSON.
    pub response: &'a [u8],
    /// Path of the request it answers.
    pub path: &'a str,
    /// Display name of the caller's token; empty for a login.
    pub display_name: &'a str,
    /// Accessor of the token inside, or of the AppRole secret id.
    pub accessor: Option<String>,
    /// Life of the wrapping token.
    pub ttl: Duration,
}

/// An answer taken out of its token.
#[derive(Debug)]
pub struct Rewrapped {
    /// The envelope in JSON.
    pub response: Zeroizing<Vec<u8>>,
    /// What was known of it.
    pub info: WrapLookup,
}

impl Wrapping {
    /// Puts an answer away and gives what the caller gets in its place.
    pub fn wrap(
        &self,
        tx: &mut Transaction,
        tokens: &Tokens,
        mounts: &dyn MountAccess,
        wrapped: Wrapped<'_>,
        now: Timestamp,
    ) -> Result<WrapInfo, Failure> {
        let new = NewToken {
            policies: vec!["response-wrapping".to_owned()],
            path: wrapped.path.to_owned(),
            display_name: wrapped.display_name.to_owned(),
            num_uses: 1,
            ttl: wrapped.ttl,
            explicit_max_ttl: wrapped.ttl,
            shown: Shown { explicit_max_ttl: wrapped.ttl, ..Shown::default() },
            ..NewToken::default()
        };
        let made = tokens.create(tx, new, now)?;
        let hole = cubbyhole(mounts, &made.entry)?;
        let text = std::str::from_utf8(wrapped.response).map_err(Failure::internal)?;
        tx.put(format!("{hole}response"), KeptResponse::encode(text)?);
        let info = KeptInfo::new(wrapped.ttl, now, wrapped.path);
        tx.put_json(format!("{hole}wrapinfo"), &info)?;
        Ok(WrapInfo {
            token: made.entry.id.clone(),
            accessor: made.entry.accessor.clone(),
            ttl: wrapped.ttl.as_secs(),
            creation_time: now,
            creation_path: wrapped.path.to_owned(),
            // A batch token has none.
            wrapped_accessor: wrapped.accessor.filter(|accessor| !accessor.is_empty()),
        })
    }

    /// The wrapping token behind a text, live or having its one use with this request. [`NOT_VALID`] for all else.
    pub fn check(
        &self,
        tx: &mut Transaction,
        tokens: &Tokens,
        token: &str,
        now: Timestamp,
    ) -> Result<TokenEntry, Failure> {
        match tokens.look_up(tx, token, now)? {
            Some(entry) if entry.is_wrapping() => Ok((*entry).clone()),
            _ => Err(Failure::invalid(NOT_VALID)),
        }
    }

    /// Takes the answer out and ends the token. Its use is counted here if it was not by the request itself.
    pub fn unwrap(
        &self,
        tx: &mut Transaction,
        tokens: &Tokens,
        mounts: &dyn MountAccess,
        token: &str,
        now: Timestamp,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        Ok(self.take(tx, tokens, mounts, token, now)?.response)
    }

    /// What is known of the answer inside; nothing is used up.
    pub fn lookup(
        &self,
        tx: &mut Transaction,
        tokens: &Tokens,
        mounts: &dyn MountAccess,
        token: &str,
        now: Timestamp,
    ) -> Result<WrapLookup, Failure> {
        let entry = self.check(tx, tokens, token, now)?;
        info(tx, &cubbyhole(mounts, &entry)?)
    }

    /// Takes the answer out like [`Wrapping::unwrap`] and puts it into a new token of the same life.
    pub fn rewrap(
        &self,
        tx: &mut Transaction,
        tokens: &Tokens,
        mounts: &dyn MountAccess,
        token: &str,
        now: Timestamp,
    ) -> Result<WrapInfo, Failure> {
        let taken = self.take(tx, tokens, mounts, token, now)?;
        let wrapped = Wrapped {
            response: &taken.response,
            path: &taken.info.creation_path,
            display_name: "",
            accessor: None,
            ttl: taken.info.creation_ttl,
        };
        self.wrap(tx, tokens, mounts, wrapped, now)
    }

    /// Takes the answer and all that is known of it out, and ends the token.
    pub fn take(
        &self,
        tx: &mut Transaction,
        tokens: &Tokens,
        mounts: &dyn MountAccess,
        token: &str,
        now: Timestamp,
    ) -> Result<Rewrapped, Failure> {
        let entry = self.check(tx, tokens, token, now)?;
        if !entry.is_ending() {
            // A third party's request: the use is this one. Denied when another request was faster.
            tokens.count_use(tx, &entry).map_err(|failure| match failure {
                Failure::Denied => Failure::invalid(NOT_VALID),
                other => other,
            })?;
        }
        let hole = cubbyhole(mounts, &entry)?;
        let info = info(tx, &hole)?;
        let kept = tx.get(&format!("{hole}response"))?.ok_or_else(nothing_inside)?;
        let response = KeptResponse::decode(&kept)?;
        // A wrapping token has no children and little in its cubbyhole: it is gone with this entry.
        let _ = tokens.revoke(tx, mounts, &entry, now)?;
        Ok(Rewrapped { response, info })
    }
}

fn info(tx: &mut Transaction, hole: &str) -> Result<WrapLookup, Failure> {
    let kept: KeptInfo = tx.get_json(&format!("{hole}wrapinfo"))?.ok_or_else(nothing_inside)?;
    Ok(kept.into())
}

/// Somebody was faster, between the look at the token and the look inside.
fn nothing_inside() -> Failure {
    Failure::invalid(NOT_VALID)
}

fn cubbyhole(mounts: &dyn MountAccess, entry: &TokenEntry) -> Result<String, Failure> {
    let (prefix, _) = mounts.cubbyholes().ok_or_else(|| Failure::internal("there is no cubbyhole mount"))?;
    if entry.cubbyhole_id.is_empty() {
        return Err(Failure::internal("a wrapping token without a cubbyhole"));
    }
    Ok(format!("{prefix}{}/", entry.cubbyhole_id))
}
