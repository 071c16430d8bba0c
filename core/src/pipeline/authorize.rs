//! Who asks, and whether they may: token, policy, sudo, parameters, wrapping bounds. Deny by default.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use coffer_policy::Access;

use super::permit::Permit;
use super::trail::Trail;
use crate::active::Active;
use crate::mount::{Mounted, Protection};
use crate::token::{Caller, Uses};
use crate::{Call, Context, Existence, Failure, Operation, Request, Timestamp, Transaction};

/// A request that may be carried out.
pub(super) struct Prepared {
    pub(super) tx: Transaction,
    pub(super) mounted: Arc<Mounted>,
    /// Where the path relative to the mount begins in the request's.
    pub(super) cut: Cut,
    pub(super) caller: Option<Caller>,
    pub(super) permit: Permit,
    pub(super) now: Timestamp,
    /// The token's last use is this request.
    pub(super) last_use: bool,
}

impl Prepared {
    /// The request as the backend sees it.
    pub(super) fn call<'a>(&'a self, request: &'a Request) -> Call<'a> {
        let operation = self.permit.operation();
        Call { path: self.cut.of(request), operation, request, caller: self.caller.as_ref() }
    }
}

/// The part of a request's path below its mount.
#[derive(Clone, Copy)]
pub(super) struct Cut(usize);

impl Cut {
    /// A LIST of a mount without its slash has nothing left.
    pub(super) fn of(self, request: &Request) -> &str {
        request.path.get(self.0..).unwrap_or_default()
    }
}

pub(super) fn authorize(active: &Arc<Active>, request: &Request, trail: &mut Trail) -> Result<Prepared, Failure> {
    let now = active.now();
    let mut tx = active.transaction();
    let routing = active.mounts.routing();
    let found = routing.find(&request.path);
    let Some((mounted, rest)) = found else {
        // Whether a path is mounted is told only to those who may ask for it.
        let caller = authenticate(active, &mut tx, request, now, trail)?;
        let _permit = check(&caller, request, request.operation, Protection::Plain, trail)?;
        return Err(Failure::NoRoute(request.path.clone()));
    };
    routing.guard(&mut tx, mounted);
    let cut = Cut(request.path.len() - rest.len() + usize::from(rest.is_empty() && !request.path.ends_with('/')));
    trail.mounted = Some(Arc::clone(mounted));
    active.wrapping.admit(&mut tx, &active.tokens, request, now)?;
    if mounted.is_unauthenticated(rest) {
        // A token that came along is told to the backend, and not needed.
        let caller = match &request.token {
            Some(_) => authenticate(active, &mut tx, request, now, trail).ok(),
            None => None,
        };
        let permit = Permit::open_path(request.operation);
        return Ok(Prepared { tx, mounted: Arc::clone(mounted), cut, caller, permit, now, last_use: false });
    }
    let caller = authenticate(active, &mut tx, request, now, trail)?;
    let last_use = count_use(active, &mut tx, &caller, trail)?;
    let operation = tell_apart(active, &mut tx, request, mounted, rest, &caller, now)?;
    let protection = mounted.protection(rest);
    if let Cow::Owned(canonical) = mounted.backend.canonical_path(rest) {
        let path = format!("{}{canonical}", mounted.mount.api_path());
        let _permit = check_path(&caller, request, &path, operation, protection, trail)?;
    }
    let permit = check(&caller, request, operation, protection, trail)?;
    Ok(Prepared { tx, mounted: Arc::clone(mounted), cut, caller: Some(caller), permit, now, last_use })
}

/// Whether the token of a request may read its path. For what a node tells of itself: nothing is audited, counted or
/// changed, and so a token with a limited number of uses may not.
pub async fn may_read_unaudited(active: &Arc<Active>, request: &Request) -> bool {
    if active.store.read_fence().await.is_err() {
        return false;
    }
    let mut trail = Trail::default();
    let caller = authenticate(active, &mut active.transaction(), request, active.now(), &mut trail);
    let Ok(caller) = caller else { return false };
    caller.entry.num_uses == 0 && check(&caller, request, Operation::Read, Protection::Plain, &mut trail).is_ok()
}

/// The live token behind the request, with all its policies.
fn authenticate(
    active: &Arc<Active>,
    tx: &mut Transaction,
    request: &Request,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Caller, Failure> {
    // Vault says no in other words to a token that is none than to one that may not.
    let refused = || Failure::DeniedBecause(Failure::Denied.to_string());
    let token = request.token.as_ref().filter(|token| !token.is_empty()).ok_or_else(refused)?;
    let remote = request.remote.map(|remote| remote.address);
    let begun = Instant::now();
    let found = active.tokens.authenticate(tx, token.expose(), remote, now);
    active.local.telemetry.token_lookup.since(begun);
    let live = found.map_err(|failure| match failure {
        Failure::Denied => refused(),
        other => other,
    })?;
    let caller = active.caller(tx, live.entry)?;
    trail.uses_left = u64::try_from(caller.entry.num_uses).unwrap_or(0);
    trail.caller = Some(caller.clone());
    Ok(caller)
}

fn count_use(active: &Arc<Active>, tx: &mut Transaction, caller: &Caller, trail: &mut Trail) -> Result<bool, Failure> {
    if trail.uses_left == 0 {
        return Ok(false);
    }
    Ok(active.tokens.count_use(tx, &caller.entry)? == Uses::None)
}

/// Create or update: decides which capability is needed.
fn tell_apart(
    active: &Arc<Active>,
    tx: &mut Transaction,
    request: &Request,
    mounted: &Arc<Mounted>,
    rest: &str,
    caller: &Caller,
    now: Timestamp,
) -> Result<Operation, Failure> {
    if !request.operation.is_write() {
        return Ok(request.operation);
    }
    let call = Call { path: rest, operation: request.operation, request, caller: Some(caller) };
    let mut cx = Context::new(tx, &mounted.mount, now, active);
    Ok(match mounted.backend.exists(&mut cx, &call)? {
        Existence::Absent => Operation::Create,
        Existence::NotTold | Existence::Present => Operation::Update,
    })
}

fn check(
    caller: &Caller,
    request: &Request,
    operation: Operation,
    protection: Protection,
    trail: &mut Trail,
) -> Result<Permit, Failure> {
    check_path(caller, request, &request.path, operation, protection, trail)
}

fn check_path(
    caller: &Caller,
    request: &Request,
    path: &str,
    operation: Operation,
    protection: Protection,
    trail: &mut Trail,
) -> Result<Permit, Failure> {
    let access = Access {
        path,
        operation: operation.into(),
        parameters: Some(request.data.map()),
        wrap_ttl: request.wrap.map(|wrap| wrap.ttl),
        needs_sudo: protection == Protection::Root,
    };
    trail.allowed = Some(false);
    let allowed = caller.acl.check(&access).map_err(|_| Failure::Denied)?;
    trail.allowed = Some(true);
    trail.granting = allowed.granted_by;
    Ok(Permit::granted(operation))
}
