//! What a backend is given to work with, and the call it has to answer.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::active::{Active, LeaseLimits};
use crate::mount::Mount;
use crate::{Failure, Operation, Request, Timestamp, Transaction};

/// A mount's view of the storage: paths are relative to it, nothing outside can be named.
pub struct Context<'a> {
    tx: &'a mut Transaction,
    mount: &'a Mount,
    now: Timestamp,
    active: &'a Arc<Active>,
}

impl<'a> Context<'a> {
    /// A view of `tx` below the mount's storage prefix.
    pub fn new(tx: &'a mut Transaction, mount: &'a Mount, now: Timestamp, active: &'a Arc<Active>) -> Self {
        Self { tx, mount, now, active }
    }

    /// The mount it is for: path, options, tuning.
    pub fn mount(&self) -> &'a Mount {
        self.mount
    }

    /// The moment of the request: every use within it sees the same.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The value at a path of this mount. The request is run again if it changes before the commit.
    pub fn get(&mut self, path: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        self.tx.get(&self.full(path))
    }

    /// [`Context::get`] of a JSON record.
    pub fn get_json<T: DeserializeOwned>(&mut self, path: &str) -> Result<Option<T>, Failure> {
        self.tx.get_json(&self.full(path))
    }

    /// A value whose change meanwhile does not matter to this request.
    pub fn peek(&mut self, path: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        self.tx.peek(&self.full(path))
    }

    /// Sets a path of this mount at commit.
    pub fn put(&mut self, path: &str, plaintext: impl Into<Zeroizing<Vec<u8>>>) {
        self.tx.put(self.full(path), plaintext);
    }

    /// [`Context::put`] of a JSON record.
    pub fn put_json(&mut self, path: &str, record: &impl Serialize) -> Result<(), Failure> {
        self.tx.put_json(self.full(path), record)
    }

    /// Removes a path of this mount at commit.
    pub fn delete(&mut self, path: &str) {
        self.tx.delete(self.full(path));
    }

    /// Immediate children of `prefix` (empty, or ending in `/`), after `after`, at most `limit`; folders end in `/`.
    pub fn list(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, Failure> {
        self.tx.list(&self.full(prefix), after, limit)
    }

    /// Whole paths below `prefix`, relative to the mount, after `after` (likewise relative), at most `limit`.
    pub fn scan(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, Failure> {
        let after = if after.is_empty() { String::new() } else { self.full(after) };
        let cut = self.mount.storage_prefix().len();
        Ok(self.tx.scan(&self.full(prefix), &after, limit)?.into_iter().map(|key| key[cut..].to_owned()).collect())
    }

    /// True when work that can be done in steps has to go on in another transaction: the entry would get too large.
    pub fn is_full(&self) -> bool {
        self.tx.is_full()
    }

    /// The whole transaction and the services of the node. Only `sys` and the token store can ask: [`SystemAccess`] is
    /// given to them alone.
    pub fn system(&mut self, _access: &SystemAccess) -> (&mut Transaction, &'a Arc<Active>) {
        (self.tx, self.active)
    }

    /// Default and longest life of this mount's leases and tokens: its own tuning, or the system's.
    pub fn lease_limits(&self) -> LeaseLimits {
        self.active.settings.lease_limits(self.mount)
    }

    fn full(&self, path: &str) -> String {
        let prefix = self.mount.storage_prefix();
        let mut full = String::with_capacity(prefix.len() + path.len());
        full.push_str(prefix);
        full.push_str(path);
        full
    }
}

/// Leave to reach beyond a mount's own storage; given by `core` to its own and the `sys/` backend when they are built.
#[derive(Debug)]
pub struct SystemAccess(pub(crate) ());

/// A request as one backend sees it.
pub struct Call<'a> {
    /// Path relative to the mount.
    pub path: &'a str,
    /// What is asked; writes are told apart into create and update where the backend tells them apart.
    pub operation: Operation,
    /// The request as it came.
    pub request: &'a Request,
    /// Who asks; `None` on a path that needs no token.
    pub caller: Option<&'a crate::token::Caller>,
}

impl<'a> Call<'a> {
    /// Body and query parameters.
    pub fn data(&self) -> &'a Map<String, Value> {
        self.request.data.map()
    }
}
