//! From the text that a caller sent to the live token behind it.

use std::net::IpAddr;
use std::sync::Arc;

use super::cache::Known;
use super::revoke::ORPHANING;
use super::{Salt, SaltedId, TokenEntry, Tokens, address, batch, id, keys};
use crate::{Failure, Timestamp, Transaction};

/// Ancestors that are looked at; a chain longer than this is refused.
const MAX_ANCESTORS: usize = 10_000;

/// A token that may be used now.
#[derive(Clone, Debug)]
pub struct Live {
    /// Its record.
    pub entry: Arc<TokenEntry>,
    /// When it ends; `None`: never.
    pub expires: Option<Timestamp>,
}

impl Tokens {
    /// The live token behind a text, used from an address it may be used from. For all else the same "permission denied",
    /// whatever the reason. Reads only; from the cache where it can.
    ///
    /// Live is a token whose record and lease stand, that has uses left, and whose ancestors are live too.
    pub fn authenticate(
        &self,
        tx: &mut Transaction,
        token: &str,
        remote: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Live, Failure> {
        let known = self.live(tx, token, now)?.ok_or_else(denied)?;
        if !address::is_within(&known.networks, remote) {
            return Err(denied());
        }
        Ok(Live { entry: known.entry, expires: known.expires })
    }

    /// The record of a live token, wherever it may be used from.
    pub fn find(&self, tx: &mut Transaction, token: &str, now: Timestamp) -> Result<Option<Arc<TokenEntry>>, Failure> {
        Ok(self.live(tx, token, now)?.map(|known| known.entry))
    }

    fn live(&self, tx: &mut Transaction, token: &str, now: Timestamp) -> Result<Option<Known>, Failure> {
        if token.is_empty() {
            return Ok(None);
        }
        if id::batch_body(token).is_some() {
            return self.live_batch(tx, token, now);
        }
        let Some(salt) = self.salt(tx)? else { return Ok(None) };
        self.live_chain(tx, &salt, salt.salted(token), now, Need::UsesLeft)
    }

    /// Like [`Tokens::find`], also for a token that is having its last use with this very request.
    pub(super) fn find_in_last_use(
        &self,
        tx: &mut Transaction,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<TokenEntry>>, Failure> {
        if token.is_empty() || id::batch_body(token).is_some() {
            return self.find(tx, token, now);
        }
        let Some(salt) = self.salt(tx)? else { return Ok(None) };
        Ok(self.live_chain(tx, &salt, salt.salted(token), now, Need::Nothing)?.map(|known| known.entry))
    }

    fn live_batch(&self, tx: &mut Transaction, token: &str, now: Timestamp) -> Result<Option<Known>, Failure> {
        let Some(entry) = batch::open(tx.barrier(), token) else { return Ok(None) };
        let expires = entry.created().plus(entry.ttl);
        if now >= expires {
            return Ok(None);
        }
        let mut parent = None;
        if !entry.parent.is_empty() {
            let Some(salt) = self.salt(tx)? else { return Ok(None) };
            let id = salt.salted(entry.parent.expose());
            if self.live_chain(tx, &salt, id.clone(), now, Need::UsesLeft)?.is_none() {
                return Ok(None);
            }
            parent = Some(id);
        }
        let networks = address::networks(&entry.bound_cidrs).into();
        Ok(Some(Known { entry: Arc::new(entry), expires: Some(expires), parent, networks }))
    }

    /// Follows a token to its last ancestor; all must be live.
    fn live_chain(
        &self,
        tx: &mut Transaction,
        salt: &Salt,
        id: SaltedId,
        now: Timestamp,
        need: Need,
    ) -> Result<Option<Known>, Failure> {
        let Some(found) = self.live_one(tx, salt, &id, now, need)? else { return Ok(None) };
        let mut ancestor = found.parent.clone();
        for _ in 0..MAX_ANCESTORS {
            let Some(id) = ancestor else { return Ok(Some(found)) };
            match self.live_one(tx, salt, &id, now, Need::Ancestor)? {
                Some(known) => ancestor = known.parent,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn live_one(
        &self,
        tx: &mut Transaction,
        salt: &Salt,
        id: &SaltedId,
        now: Timestamp,
        need: Need,
    ) -> Result<Option<Known>, Failure> {
        // What this transaction has changed is known to itself alone, for now.
        let shared = !tx.has_writes();
        if let Some(known) = shared.then(|| self.cache.find(id)).flatten() {
            return Ok(known.is_within_time(now).then_some(known));
        }
        let seen = self.cache.seen(id);
        let Some(entry) = tx.peek_json::<TokenEntry>(&keys::record(id))? else { return Ok(None) };
        if entry.num_uses == ORPHANING && need == Need::Ancestor {
            // It is going, and its children stay: for them it is an ancestor no more.
            return Ok(Some(Known { entry: Arc::new(entry), expires: None, parent: None, networks: Arc::from([]) }));
        }
        if entry.is_ending() && need != Need::Nothing {
            return Ok(None);
        }
        let lease = match crate::lease::peek_token_lease(tx, &entry, id)? {
            // All but root tokens without an end live by their lease.
            None if !entry.never_expires() => return Ok(None),
            Some(lease) if crate::lease::is_being_revoked(tx, &lease)? => return Ok(None),
            lease => lease,
        };
        let expires = lease.map(|lease| lease.expire_time).filter(|end| !end.is_zero());
        if expires.is_none() && !entry.never_expires() {
            return Ok(None);
        }
        let known = Known {
            expires,
            parent: (!entry.parent.is_empty()).then(|| salt.salted(entry.parent.expose())),
            networks: address::networks(&entry.bound_cidrs).into(),
            entry: Arc::new(entry),
        };
        if shared && known.entry.num_uses == 0 {
            self.cache.insert(id.clone(), known.clone(), seen);
        }
        Ok(known.is_within_time(now).then_some(known))
    }

    /// The salt; `None` where no token was ever made.
    fn salt(&self, tx: &mut Transaction) -> Result<Option<Arc<Salt>>, Failure> {
        if let Some(salt) = self.salt.load_full() {
            return Ok(Some(salt));
        }
        let shared = !tx.has_writes();
        let Some(salt) = Salt::stored(tx)?.map(Arc::new) else { return Ok(None) };
        if shared {
            self.salt.store(Some(Arc::clone(&salt)));
        }
        Ok(Some(salt))
    }
}

/// Vault's words before its router was asked, without the preface that those have.
fn denied() -> Failure {
    Failure::DeniedBecause("permission denied".to_owned())
}

/// What is asked of a token's uses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// One is left: a request begins with it.
    UsesLeft,
    /// Nothing: a request with it is under way.
    Nothing,
    /// None is asked for, but that it is not ending: a request begins with a descendant.
    Ancestor,
}

impl Known {
    fn is_within_time(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end)
    }
}
