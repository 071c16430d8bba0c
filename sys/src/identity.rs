//! The engine at `identity/`: mounted as Vault mounts it, without paths of its own yet. Entities are made at login by
//! `core`.

use coffer_core::{Backend, Call, Context, Failure, Response};

/// `identity/`.
pub struct IdentityBackend;

impl Backend for IdentityBackend {
    fn handle(&self, _cx: &mut Context<'_>, _call: &Call<'_>) -> Result<Response, Failure> {
        Err(Failure::UnsupportedPath)
    }
}
