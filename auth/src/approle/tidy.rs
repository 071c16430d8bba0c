//! Sweeping secret ids that are over: expired ones, and those of roles that are gone. None of them works any more; this
//! makes room.

use std::collections::HashSet;

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Progress, Response};
use parking_lot::Mutex;

use super::AppRole;
use super::role::{self, SecretIdFolder};
use super::secret_id::{peek, remove};

/// Secret ids looked at in one transaction of the sweep.
const LOOKED_AT: usize = 2000;

/// Secret ids removed in one transaction.
const REMOVED: usize = 1000;

/// How far the sweep has come.
#[derive(Default)]
pub(super) struct Sweep {
    place: Mutex<Place>,
}

#[derive(Clone, Default)]
struct Place {
    folder: usize,
    after: String,
}

impl AppRole {
    /// Does as much as fits into the request; the rest is done as mounts are tidied anyway.
    pub(super) fn tidy_now(&self, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
        let mut budget = REMOVED;
        for folder in SecretIdFolder::ALL {
            let mut after = String::new();
            while let (Some(next), true) = (sweep(cx, folder, &after, &mut budget)?, budget > 0 && !cx.is_full()) {
                after = next;
            }
        }
        Ok(Response::empty().accepted().warn(
            "Tidy operation successfully started. Any information from the operation will be printed to the server's logs.",
        ))
    }

    /// The next part of a sweep through all secret ids.
    pub(super) fn tidy_step(&self, cx: &mut Context<'_>) -> Result<Progress, Failure> {
        let place = self.sweep.place.lock().clone();
        let Some(folder) = SecretIdFolder::ALL.get(place.folder) else {
            *self.sweep.place.lock() = Place::default();
            return Ok(Progress::Done);
        };
        let next = match sweep(cx, *folder, &place.after, &mut REMOVED.clone())? {
            Some(after) => Place { after, ..place },
            None => Place { folder: place.folder + 1, after: String::new() },
        };
        *self.sweep.place.lock() = next;
        Ok(Progress::More)
    }
}

/// Looks at the secret ids after a key, removes those that are over; gives the last key looked at, `None` at the end.
fn sweep(
    cx: &mut Context<'_>,
    folder: SecretIdFolder,
    after: &str,
    budget: &mut usize,
) -> Result<Option<String>, Failure> {
    let now = cx.now();
    let mut roles = Roles::default();
    let keys = cx.scan(folder.secret_ids(), after, LOOKED_AT)?;
    let whole = keys.len() < LOOKED_AT;
    let mut last = after;
    for key in &keys {
        if *budget == 0 || cx.is_full() {
            return Ok(Some(last.to_owned()));
        }
        last = key;
        let Some(found) = peek(cx, key)? else { continue };
        if !found.is_expired(now) && roles.has_owner(cx, folder, key)? {
            continue;
        }
        remove(cx, folder, key, &found.secret_id_accessor)?;
        *budget -= 1;
    }
    Ok((!whole).then(|| last.to_owned()))
}

/// HMACs of the names of all roles. Read anew when one is not among them: its role may have been made since.
#[derive(Default)]
struct Roles {
    hmacs: HashSet<String>,
    gone: HashSet<String>,
}

impl Roles {
    fn has_owner(&mut self, cx: &mut Context<'_>, folder: SecretIdFolder, key: &str) -> Result<bool, Failure> {
        let below = key.strip_prefix(folder.secret_ids()).unwrap_or_default();
        let hmac = below.split('/').next().unwrap_or_default();
        if self.hmacs.contains(hmac) {
            return Ok(true);
        }
        if self.gone.contains(hmac) {
            return Ok(false);
        }
        self.read(cx)?;
        if self.hmacs.contains(hmac) {
            return Ok(true);
        }
        self.gone.insert(hmac.to_owned());
        Ok(false)
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        let mut after = String::new();
        loop {
            let names = role::scan_names(cx, &after, LOOKED_AT)?;
            let Some(last) = names.last() else { return Ok(()) };
            after.clone_from(last);
            for name in &names {
                if let Some(role) = role::peek(cx, name)? {
                    self.hmacs.insert(role.name_hmac()?);
                }
            }
        }
    }
}
