//! Tokens with a limited number of uses. Counting is part of the request's own entry: two requests can't share a use.

use super::{Salt, TokenEntry, Tokens, keys};
use crate::lease::MountAccess;
use crate::{Failure, Timestamp, Transaction};

/// Mark of a token that is having its last use, or is being revoked.
pub(super) const ENDING: i64 = -1;

/// What a token has left once a use was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uses {
    /// It can be used again.
    Left,
    /// This was the last: [`Tokens::after_last_use`] is to follow.
    None,
}

impl Tokens {
    /// Takes one use off a token that has a limited number; to be called before the backend, whose failure does not give
    /// the use back. [`Failure::Denied`] when none is left.
    pub fn count_use(&self, tx: &mut Transaction, entry: &TokenEntry) -> Result<Uses, Failure> {
        if entry.num_uses == 0 {
            return Ok(Uses::Left);
        }
        let key = keys::record(&Salt::of(tx)?.salted(entry.id.expose()));
        let mut stored: TokenEntry = tx.get_json(&key)?.ok_or(Failure::Denied)?;
        stored.num_uses = match stored.num_uses {
            ..=-1 => return Err(Failure::Denied),
            0 => return Ok(Uses::Left),
            1 => ENDING,
            left => left - 1,
        };
        tx.put_json(key, &stored)?;
        Ok(if stored.num_uses == ENDING { Uses::None } else { Uses::Left })
    }

    /// Revokes a token whose last use this request is; to be called after the backend.
    pub fn after_last_use(
        &self,
        tx: &mut Transaction,
        mounts: &dyn MountAccess,
        entry: &TokenEntry,
        now: Timestamp,
    ) -> Result<(), Failure> {
        self.revoke(tx, mounts, entry, now).map(drop)
    }
}
