//! `auth/token/tidy`: has the worker look through the token store.

use coffer_core::framework::Matched;
use coffer_core::{Body, Context, Envelope, Failure, Raw, Response};

use super::TokenBackend;

impl TokenBackend {
    pub(super) fn tidy(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (tx, active) = cx.system(&self.access);
        if !active.tokens.start_tidy(tx)? {
            return Ok(Response::empty().warn("Tidy operation already in progress."));
        }
        let said = Response::empty().warn(
            "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.",
        );
        let bytes =
            Envelope::of(&matched.call.request.id, &said).map(|envelope| envelope.to_json()).unwrap_or_default();
        let raw = Raw { status: 202, content_type: "application/json", bytes };
        Ok(Response { body: Body::Raw(raw), ..Response::default() })
    }
}
