//! Auth methods, a folder each.
//!
//! Owns: who is recognised, and what is vouched for. Must not know: how tokens are stored, policy, HTTP.

mod token;

use std::sync::Arc;

use coffer_core::mount::{MountKind, Registry};

pub use token::TokenBackend;

/// Adds the auth methods of this build.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry.with_privileged(MountKind::Auth, "token", |_, access| Ok(Arc::new(TokenBackend::new(access))))
}
