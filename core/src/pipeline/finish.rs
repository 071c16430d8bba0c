//! What becomes of a backend's answer: a login gets its token, a secret its lease, a wrapped answer its wrapping token.

use std::sync::Arc;

use super::run::Work;
use crate::active::Active;
use crate::envelope::Envelope;
use crate::wrapping::Wrapped;
use crate::{Body, Failure, Granted, Lease, Payload, Request, Response};

pub(super) fn finish(
    active: &Arc<Active>,
    request: &Request,
    work: &mut Work,
    mut response: Response,
) -> Result<Response, Failure> {
    let mount = &work.mounted.mount;
    if let Some(auth) = response.auth.take() {
        response.auth = Some(Box::new(match *auth {
            Granted::Login(grant) => {
                let made = active.log_in(&mut work.tx, mount, grant, &request.path, work.now)?;
                response.warnings.extend(made.warnings);
                Granted::Token(made.auth)
            }
            token @ Granted::Token(_) => token,
        }));
    }
    if let Lease::Secret(secret) = response.lease {
        let caller = work.caller.as_ref().ok_or_else(|| Failure::internal("a leased secret without a token"))?;
        let limits = active.settings.lease_limits(mount);
        let made =
            active.leases.register_secret(&mut work.tx, &caller.entry, &request.path, *secret, limits, work.now)?;
        response.warnings.extend(made.warnings);
        response.lease = Lease::Standing { id: made.id, ttl: made.ttl, renewable: made.renewable };
    }
    if request.path == "cubbyhole/response" && work.caller.as_ref().is_some_and(|caller| caller.entry.is_wrapping()) {
        response.warnings.push("Reading from 'cubbyhole/response' is deprecated. Please use sys/wrapping/unwrap to unwrap responses, as it provides additional security checks and other benefits.".to_owned());
    }
    match request.wrap {
        // On a path that needs no token only a login is worth a wrapping token: strangers can't fill the storage.
        Some(wrap) if wraps(&response) && (work.caller.is_some() || response.auth.is_some()) => {
            let inside =
                Envelope::of(&request.id, &response).map(|envelope| envelope.once().to_json()).unwrap_or_default();
            let inside = zeroize::Zeroizing::new(inside);
            let accessor = match response.auth.as_deref() {
                Some(Granted::Token(payload)) => text_in(payload, "accessor"),
                _ if mount.type_name == "approle" => {
                    response.payload().and_then(|payload| text_in(payload, "secret_id_accessor"))
                }
                _ => None,
            };
            let wrapped = Wrapped {
                response: &inside,
                path: &request.path,
                display_name: work.caller.as_ref().map_or("", |caller| &caller.entry.display_name),
                accessor,
                ttl: wrap.ttl,
            };
            let info = active.wrapping.wrap(&mut work.tx, &active.tokens, active, wrapped, work.now)?;
            Ok(Response { wrap: Some(Box::new(info)), afterwards: response.afterwards, ..Response::default() })
        }
        _ => Ok(response),
    }
}

fn text_in(payload: &Payload, name: &str) -> Option<String> {
    payload.map().get(name).and_then(|value| value.as_str()).map(str::to_owned)
}

/// Errors and raw answers are never wrapped, nor what says nothing.
fn wraps(response: &Response) -> bool {
    response.wrap.is_none() && (response.auth.is_some() || matches!(response.body, Body::Data(_) | Body::Doubled(_)))
}
