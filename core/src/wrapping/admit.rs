//! The first look at a request about a wrapping token: whether there is such a token at all. It comes before anything
//! else, so that a stolen or used token is told apart from a caller who may not.

use serde_json::Value;

use super::Wrapping;
use crate::token::Tokens;
use crate::{Failure, Operation, Request, Timestamp, Transaction};

/// Paths that take a wrapping token, in the body or as the caller's own.
const PATHS: &[&str] = &["sys/wrapping/lookup", "sys/wrapping/rewrap", "sys/wrapping/unwrap"];

impl Wrapping {
    /// Refuses a request about a wrapping token that is none; all other requests pass.
    pub(crate) fn admit(
        &self,
        tx: &mut Transaction,
        tokens: &Tokens,
        request: &Request,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if !PATHS.contains(&request.path.as_str()) || request.operation == Operation::Help {
            return Ok(());
        }
        let own = request.token.as_ref().map(|token| token.expose()).unwrap_or_default();
        let refused = |why: &str| Failure::DeniedBecause(format!("error validating wrapping token: {why}"));
        let token = match request.data.map().get("token") {
            Some(Value::String(token)) if !token.is_empty() => token,
            Some(Value::String(_)) => return Err(refused("empty token in request body")),
            Some(Value::Null) | None => own,
            Some(_) => return Err(refused("could not decode token in request body")),
        };
        if token.is_empty() {
            return Err(refused("token is empty"));
        }
        self.check(tx, tokens, token, now).map(drop)
    }
}
