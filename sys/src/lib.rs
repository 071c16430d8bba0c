//! `sys/`: the operator's endpoints, a file a group.
//!
//! Two halves. [`node`] answers in every phase, sealed too, without a token or with checks of its own (health,
//! seal-status, init, unseal, rekey, generate-root, metrics). [`backend`] is the engine mounted at `sys/`: it goes through
//! the pipeline as every other mount does.
//!
//! Owns: the shapes of these answers. Must not know: HTTP, Raft, how an audit device or the store works.

pub mod backend;
pub mod node;
