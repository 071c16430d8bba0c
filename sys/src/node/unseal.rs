//! `sys/unseal`.

use std::sync::Arc;

use coffer_core::follower_unseal::Followers;
use coffer_core::lifecycle::{Node, UnsealFailure};
use coffer_core::{Failure, Request, Response};
use coffer_seal::{Fault, KeyShare, ParseShareError};

use super::body::{flag, flag_or, text};
use super::{not_allowed, seal_status};

const GO: &str = "UnsealRequest";

pub(super) async fn answer(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    if !request.operation.is_write() {
        return Err(not_allowed());
    }
    if flag(request, "reset", GO)? {
        if node.phase().holds_keys() {
            return Err(Failure::invalid("vault is unsealed"));
        }
        node.reset_unseal();
        return Ok(seal_status::answer(node));
    }
    let key = text(request, "key", GO)?;
    let share = KeyShare::parse(key).map_err(|error| match error {
        ParseShareError::Missing => {
            Failure::invalid("'key' must be specified in request body as JSON, or 'reset' set to true")
        }
        ParseShareError::Malformed => Failure::invalid(error.to_string()),
    })?;
    if flag(request, "migrate", GO)? {
        return Err(Failure::invalid("can't perform a seal migration, no migration seal found"));
    }
    let followers =
        if flag_or(request, "followers", GO, true)? { Followers::AsConfigured } else { Followers::StaySealed };
    match node.unseal_and(share, followers).await {
        Ok(_) => Ok(seal_status::answer(node)),
        Err(UnsealFailure::Share(error)) if error.fault() == Fault::Request => Err(Failure::invalid(error.to_string())),
        Err(UnsealFailure::Share(error)) => Err(Failure::internal(error)),
        Err(error @ (UnsealFailure::Uninitialized | UnsealFailure::Removed | UnsealFailure::OtherKey(_))) => {
            Err(Failure::invalid(error.to_string()))
        }
        Err(error @ UnsealFailure::JoinLater(_)) => Err(Failure::Unavailable(error.to_string())),
        Err(error @ UnsealFailure::Join(_)) => Err(Failure::Tokenless(Box::new(Failure::fault(error.to_string())))),
        Err(UnsealFailure::Failure(failure)) => Err(failure),
    }
}
