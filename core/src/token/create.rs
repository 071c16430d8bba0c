//! Making tokens: ids, record, indexes and lease, all in the transaction of the request.

use std::collections::BTreeMap;
use std::time::Duration;

use super::lookup::AccessorRecord;
use super::{Salt, SaltedId, StoredTokenType, TokenEntry, Tokens, base62, batch, id, keys};
use crate::lease::{self, AliasRecord, AuthRecord};
use crate::{Failure, Payload, SecretText, Timestamp, Transaction};

/// A token to be made. What it may be was decided before; zero durations stand for "none".
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// Its id; `None`: a random one.
    pub id: Option<SecretText>,
    /// The token that makes it; `None`: an orphan.
    pub parent: Option<SecretText>,
    /// Service or batch.
    pub kind: StoredTokenType,
    /// Cleaned here once more.
    pub policies: Vec<String>,
    /// Path of the request; its lease stands below it.
    pub path: String,
    /// Shown with the token.
    pub meta: Option<BTreeMap<String, String>>,
    /// Shown with the token.
    pub display_name: String,
    /// 0: unlimited.
    pub num_uses: i64,
    /// Its life; zero for a root token without an end alone.
    pub ttl: Duration,
    /// Steps it is renewed in.
    pub period: Duration,
    /// Hard end.
    pub explicit_max_ttl: Duration,
    /// Whether period and explicit maximum were asked for with the token itself, and not by its role.
    pub shown: Shown,
    /// Longest life through renewals.
    pub max_ttl: Duration,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// Role it is made by.
    pub role: String,
    /// Entity behind it.
    pub entity_id: String,
    /// Who logged in.
    pub alias: Option<AliasRecord>,
    /// Addresses it may be used from, as Vault writes them.
    pub bound_cidrs: Vec<String>,
    /// `default` was left out.
    pub no_default_policy: bool,
    /// The auth method's own, kept for renewals.
    pub internal: Option<Payload>,
}

/// What a token's record shows of its bounds; the lease knows them all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// Steps it is renewed in.
    pub period: Duration,
    /// Hard end.
    pub explicit_max_ttl: Duration,
}

/// A token that was made.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its record, with its id.
    pub entry: TokenEntry,
    /// What its lease keeps; for [`super::auth_payload`].
    pub auth: AuthRecord,
}

impl Tokens {
    /// Makes a token. Fails with [`Failure::Invalid`] on an id that can't be chosen or is taken, and where the parent is
    /// gone: it is read under guard, so that no child survives a revocation that runs at the same time.
    pub fn create(&self, tx: &mut Transaction, new: NewToken, now: Timestamp) -> Result<Created, Failure> {
        let _timed = tx.telemetry().token_create.timer();
        if new.path.contains("..") {
            return Err(Failure::invalid("path cannot contain parent references"));
        }
        if new.ttl.is_zero() && !matches!(new.policies.as_slice(), [only] if only == "root") {
            return Err(Failure::internal("a token without an end that is not a root token"));
        }
        let (mut entry, mut auth) = new.into_records(now);
        if let Some(parent) = (!entry.parent.is_empty()).then(|| entry.parent.clone()) {
            let id = Salt::of(tx)?.salted(parent.expose());
            let record = tx.get_json::<TokenEntry>(&keys::record(&id))?;
            if record.is_none_or(|record| record.is_ending()) {
                return Err(Failure::invalid("parent token not found"));
            }
        }
        if entry.is_batch() {
            entry.id = batch::seal(tx.barrier(), &entry)?;
            auth.client_token = entry.id.clone();
            return Ok(Created { entry, auth });
        }
        let salted = store_new(tx, &mut entry)?;
        auth.client_token = entry.id.clone();
        auth.accessor.clone_from(&entry.accessor);
        lease::register_token(tx, &entry, &salted, auth.clone(), entry.ttl, now)?;
        Ok(Created { entry, auth })
    }
}

/// Gives a service token its ids and writes its record and its indexes, without a lease.
pub(super) fn store_new(tx: &mut Transaction, entry: &mut TokenEntry) -> Result<SaltedId, Failure> {
    let salt = Salt::of(tx)?;
    if entry.id.is_empty() {
        entry.id = id::service()?;
    } else {
        id::check_chosen(entry.id.expose())?;
        if tx.get(&keys::record(&salt.salted(entry.id.expose())))?.is_some() {
            return Err(Failure::invalid("cannot create a token with a duplicate ID"));
        }
    }
    entry.cubbyhole_id = base62()?;
    entry.accessor = base62()?;
    let accessor = AccessorRecord {
        token_id: entry.id.clone(),
        accessor_id: entry.accessor.clone(),
        namespace_id: entry.namespace_id.clone(),
    };
    tx.put_json(keys::accessor(&salt.salted(&entry.accessor)), &accessor)?;
    let salted = salt.salted(entry.id.expose());
    if !entry.parent.is_empty() {
        tx.put(keys::child(&salt.salted(entry.parent.expose()), &salted), Vec::new());
    }
    tx.put_json(keys::record(&salted), entry)?;
    Ok(salted)
}

impl NewToken {
    fn into_records(self, now: Timestamp) -> (TokenEntry, AuthRecord) {
        let none = || SecretText::new("");
        let batch = self.kind == StoredTokenType::Batch;
        let policies = coffer_policy::sanitize(&self.policies, false);
        let entry = TokenEntry {
            id: if batch { none() } else { self.id.unwrap_or_else(none) },
            accessor: String::new(),
            parent: self.parent.unwrap_or_else(none),
            policies: policies.clone(),
            path: self.path.clone(),
            meta: self.meta.clone(),
            display_name: self.display_name.clone(),
            num_uses: if batch { 0 } else { self.num_uses },
            creation_time: now.unix(),
            ttl: self.ttl,
            explicit_max_ttl: self.shown.explicit_max_ttl,
            role: self.role,
            period: self.shown.period,
            kind: self.kind,
            entity_id: self.entity_id.clone(),
            no_identity_policies: false,
            bound_cidrs: self.bound_cidrs.clone(),
            namespace_id: "root".to_owned(),
            cubbyhole_id: String::new(),
            inline_policy: String::new(),
        };
        let auth = AuthRecord {
            ttl: self.ttl,
            max_ttl: self.max_ttl,
            renewable: self.renewable && !batch,
            internal: self.internal,
            display_name: self.display_name,
            policies: policies.clone(),
            token_policies: policies,
            no_default_policy: self.no_default_policy,
            metadata: self.meta,
            client_token: none(),
            accessor: String::new(),
            period: self.period,
            explicit_max_ttl: self.explicit_max_ttl,
            num_uses: self.num_uses,
            entity_id: self.entity_id,
            alias: self.alias,
            bound_cidrs: self.bound_cidrs,
            creation_path: self.path,
            token_type: self.kind.into(),
            orphan: entry.is_orphan(),
        };
        (entry, auth)
    }
}
