//! The parts of a request's path that a standby walks, for what is about that node alone.

use std::sync::Arc;

use super::authorize;
use super::trail::Trail;
use crate::active::Active;
use crate::{Call, Context, Failure, Request, Response};

/// Whether the request's token may, as far as the state applied here tells: it may be old.
pub(crate) fn may_by_what_is_known_here(active: &Arc<Active>, request: &Request) -> Result<(), Failure> {
    authorize::authorize(active, request, &mut Trail::default()).map(drop)
}

/// Has the backend answer what the active node gave leave for. What it would write is dropped.
pub(crate) fn carry_out_permitted(active: &Arc<Active>, request: &Request) -> Result<Response, Failure> {
    let routing = active.mounts.routing();
    let (mounted, rest) = routing.find(&request.path).ok_or_else(|| Failure::NoRoute(request.path.clone()))?;
    let mut tx = active.transaction();
    let mut cx = Context::new(&mut tx, &mounted.mount, active.now(), active);
    let call = Call { path: rest, operation: request.operation, request, caller: None };
    mounted.backend.handle(&mut cx, &call)
}
