//! `auth/token/tidy`: has the worker look through the token store.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response};

use super::TokenBackend;

impl TokenBackend {
    pub(super) fn tidy(&self, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
        let (tx, active) = cx.system(&self.access);
        if !active.tokens.start_tidy(tx)? {
            return Ok(Response::empty().warn("Tidy operation already in progress."));
        }
        let said = "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.";
        Ok(Response::empty().warn(said).accepted())
    }
}
