//! `sys/`: the operator's endpoints, a file a group.
//!
//! Two halves. [`node`] answers in every phase, sealed too, without a token or with checks of its own (health,
//! seal-status, init, unseal, rekey, generate-root, metrics). [`backend`] is the engine mounted at `sys/`: it goes through
//! the pipeline as every other mount does.
//!
//! Owns: the shapes of these answers. Must not know: HTTP, Raft, how an audit device or the store works.

pub mod backend;
mod identity;
pub mod node;

use std::sync::Arc;

use coffer_core::mount::{MountKind, Registry};

/// Adds the engines that every server has mounted: `sys/` and `identity/`.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry
        .with_privileged(MountKind::Secrets, "system", |_, access| Ok(Arc::new(backend::SystemBackend::new(access))))
        .with(MountKind::Secrets, "identity", Box::new(|_| Ok(Arc::new(identity::IdentityBackend))))
}
