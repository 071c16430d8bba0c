//! `auth/token/revoke*`. A large tree is without effect at once and removed step by step.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response};

use super::TokenBackend;
use super::create::has_sudo;

impl TokenBackend {
    pub(super) fn revoke(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let token = matched.fields.text_or_empty("token")?;
        if token.is_empty() {
            return Err(Failure::invalid("missing token ID"));
        }
        self.revoke_tree(cx, &token)
    }

    pub(super) fn revoke_self(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let caller = matched.call.caller.ok_or(Failure::Denied)?;
        self.revoke_tree(cx, caller.entry.id.expose())
    }

    pub(super) fn revoke_accessor(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let Some(token) = self.of_accessor(cx, matched)? else {
            return Ok(Response::empty().warn("No token found with this accessor"));
        };
        let now = cx.now();
        let (tx, active) = cx.system(&self.access);
        if active.tokens.find(tx, token.expose(), now)?.is_none() {
            return Err(Failure::invalid("token not found"));
        }
        self.revoke_tree(cx, token.expose())
    }

    /// A token that does not stand is revoked already.
    fn revoke_tree(&self, cx: &mut Context<'_>, token: &str) -> Result<Response, Failure> {
        let now = cx.now();
        let (tx, active) = cx.system(&self.access);
        if let Some(entry) = active.tokens.find(tx, token, now)? {
            let _ = active.tokens.revoke(tx, active, &entry, now)?;
        }
        Ok(Response::empty())
    }

    pub(super) fn revoke_orphan(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let token = matched.fields.text_or_empty("token")?;
        if token.is_empty() {
            return Err(Failure::invalid("missing token ID"));
        }
        if !has_sudo(matched.call) {
            return Err(Failure::invalid("root or sudo privileges required to revoke and orphan"));
        }
        let now = cx.now();
        let (tx, active) = cx.system(&self.access);
        let entry =
            active.tokens.find(tx, &token, now)?.ok_or_else(|| Failure::invalid("token to revoke not found"))?;
        let _ = active.tokens.revoke_orphan(tx, active, &entry, now)?;
        Ok(Response::empty())
    }
}
