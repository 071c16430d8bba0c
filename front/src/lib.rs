//! The front proxy: one address for clients, before the nodes of a cluster. TCP is passed through byte for byte, so that
//! TLS stays between client and node.
//!
//! Owns: its configuration, the listeners, which server a connection goes to, the checks that say which servers are up,
//! the status page and its metrics.
//!
//! Must not know: tokens, secrets, Raft, or anything of Vault's API but the status codes of `sys/health`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod capacity;
mod check;
pub mod config;
mod pool;
mod proxy;
mod run;
mod status;
mod workers;

pub use run::{Front, StartError};
