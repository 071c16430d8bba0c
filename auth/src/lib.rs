//! Auth methods, a folder each.
//!
//! Owns: who is recognised, and what is vouched for. Must not know: how tokens are stored, policy, HTTP.

use std::sync::Arc;

use coffer_core::mount::{MountKind, Registry};
use coffer_core::{Backend, Call, Context, Failure, Response};

struct NotBuilt;

impl Backend for NotBuilt {
    fn handle(&self, _cx: &mut Context<'_>, _call: &Call<'_>) -> Result<Response, Failure> {
        Err(Failure::UnsupportedPath)
    }
}

/// Adds the auth methods of this build.
pub fn register(registry: Registry) -> Registry {
    registry.with_privileged(MountKind::Auth, "token", |_, _access| Ok(Arc::new(NotBuilt)))
}
