//! Secrets engines, a folder each: what lies behind a mount.
//!
//! Owns: what an engine keeps (in Vault's own storage layout, so that a Vault or OpenBao snapshot opens here) and how it
//! answers. Engines know [`coffer_core::Backend`] and the context they are handed.
//! Must not know: HTTP, tokens beyond the caller's record, policies, Raft, and each other.

mod cubbyhole;
mod kv;
mod plaintext;

#[cfg(test)]
mod bench;
#[cfg(test)]
mod bench_store;

use coffer_core::mount::{MountKind, Registry};

pub use cubbyhole::Cubbyhole;
pub use kv::kv;

/// Adds every engine of this crate: `kv` and `cubbyhole`.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry.with(MountKind::Secrets, "kv", Box::new(kv)).with(MountKind::Secrets, "generic", Box::new(kv)).with(
        MountKind::Secrets,
        "cubbyhole",
        Box::new(|_| Ok(std::sync::Arc::new(Cubbyhole::new()))),
    )
}
