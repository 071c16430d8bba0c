//! `auth/token/renew*`.

use coffer_core::framework::Matched;
use coffer_core::token::{ROLE, TokenEntry, auth_payload};
use coffer_core::{Context, Failure, Grant, Granted, Response, SecretText};

use super::role::Role;
use super::{TokenBackend, listed};

impl TokenBackend {
    pub(super) fn renew(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let token = matched.fields.text_or_empty("token")?;
        if token.is_empty() {
            return Err(Failure::invalid("missing token ID"));
        }
        self.renew_token(cx, matched, &token, Show::Token)
    }

    pub(super) fn renew_self(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let caller = matched.call.caller.ok_or(Failure::Denied)?;
        self.renew_token(cx, matched, caller.entry.id.expose(), Show::Token)
    }

    pub(super) fn renew_accessor(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let token = self.of_accessor(cx, matched)?.ok_or_else(|| listed("invalid accessor"))?;
        self.renew_token(cx, matched, token.expose(), Show::AccessorOnly)
    }

    fn renew_token(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
        token: &str,
        show: Show,
    ) -> Result<Response, Failure> {
        let increment = matched.fields.duration("increment")?.unwrap_or_default();
        let now = cx.now();
        let (tx, active) = cx.system(&self.access);
        let entry = active.tokens.find(tx, token, now)?.ok_or_else(|| Failure::invalid("token not found"))?;
        let mut renewed = match active.tokens.renew(tx, active, &entry, increment, now) {
            // Who logged in is gone. Nothing is renewed, and Vault says nothing.
            Err(Failure::NotFound) => return Ok(Response::empty()),
            renewed => renewed?,
        };
        if show == Show::AccessorOnly {
            renewed.auth.client_token = SecretText::new("");
        }
        let policies = identity_policies(&entry, |id| active.identities.policies(tx, id))?;
        let auth = Granted::Token(auth_payload(&renewed.auth, &policies));
        Ok(Response { auth: Some(Box::new(auth)), warnings: renewed.warnings, ..Response::default() })
    }
}

/// What the answer shows of the token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    Token,
    AccessorOnly,
}

fn identity_policies(
    entry: &TokenEntry,
    policies: impl FnOnce(&str) -> Result<Vec<String>, Failure>,
) -> Result<Vec<String>, Failure> {
    if entry.entity_id.is_empty() { Ok(Vec::new()) } else { policies(&entry.entity_id) }
}

/// A token of a role lives by what its role says today; any other by what it was made with.
pub(super) fn decide(cx: &mut Context<'_>, mut grant: Grant) -> Result<Grant, Failure> {
    let name = grant.internal.map().get(ROLE).and_then(|name| name.as_str()).unwrap_or_default().to_owned();
    if name.is_empty() {
        return Ok(grant);
    }
    let role = Role::read(cx, &name)?
        .ok_or_else(|| Failure::Fault(format!("original token role {name:?} could not be found, not renewing")))?;
    grant.period = role.token_period;
    grant.explicit_max_ttl = role.token_explicit_max_ttl;
    Ok(grant)
}
