//! Auth methods, a folder each.
//!
//! Owns: who is recognised, and what is vouched for. Must not know: how tokens are stored, policy, HTTP.

mod approle;
mod go_duration;
mod names;
mod networks;
mod sent;
#[cfg(test)]
mod test_node;
mod token;
mod token_params;
mod userpass;

use std::sync::Arc;

use coffer_core::mount::{MountKind, Registry};

pub use token::TokenBackend;

/// Adds the auth methods of this build.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry
        .with_privileged(MountKind::Auth, "token", |_, access| Ok(Arc::new(TokenBackend::new(access))))
        .with(MountKind::Auth, "approle", Box::new(|_| Ok(Arc::new(approle::AppRole::new()))))
        .with(MountKind::Auth, "userpass", Box::new(|_| Ok(Arc::new(userpass::Userpass::new()))))
}
