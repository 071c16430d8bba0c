//! User lockout around a login: refused while its name is locked, counted when it fails, forgotten when it succeeds.
//! Names that nobody has are counted like others, so that a lock does not tell which exist.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::authorize::Prepared;
use crate::active::Active;
use crate::mount::Mounted;
use crate::{Failure, Request, Response, Timestamp};

/// A longer name is counted by its hash: what is kept of a stranger's request stays small.
const LONGEST_NAME: usize = 256;

/// A login whose failures count. Other requests have none.
pub(super) struct Login {
    mounted: Arc<Mounted>,
    name: String,
    now: Timestamp,
}

impl Login {
    /// Finds out whether the request is a login whose failures count, and refuses it while its name is locked.
    pub(super) fn begin(active: &Active, request: &Request, prepared: &Prepared) -> Result<Option<Self>, Failure> {
        let mounted = &prepared.mounted;
        let Some(name) = mounted.backend.lockout_name(&prepared.call(request)) else { return Ok(None) };
        let login = Self { mounted: Arc::clone(mounted), name: bounded(name), now: prepared.now };
        login.refuse_if_locked(active)?;
        Ok(Some(login))
    }

    /// Counts what the backend found wrong. A success too is refused where the name was locked meanwhile: of many guesses
    /// at once none may tell more than the same guesses in turn.
    pub(super) fn judge(&self, active: &Active, result: Result<Response, Failure>) -> Result<Response, Failure> {
        if result.is_ok() || matches!(result, Err(Failure::BadCredentials(_))) {
            self.refuse_if_locked(active)?;
        }
        if let Err(Failure::BadCredentials(_)) = result {
            active.lockouts.failed(&self.mounted.mount, &self.name, self.now);
        }
        result
    }

    /// The login is committed.
    pub(super) fn succeeded(&self, active: &Active) {
        active.lockouts.forget(&self.mounted.mount.accessor, &self.name);
    }

    fn refuse_if_locked(&self, active: &Active) -> Result<(), Failure> {
        if active.lockouts.is_locked(&self.mounted.mount, &self.name, self.now) { Err(Failure::Denied) } else { Ok(()) }
    }
}

fn bounded(name: String) -> String {
    if name.len() <= LONGEST_NAME { name } else { format!("sha256:{}", hex::encode(Sha256::digest(name.as_bytes()))) }
}
