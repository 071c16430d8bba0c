//! The life of a node: uninitialised, sealed, standby, active; and the ceremonies that move it.

mod activate;
mod init;
pub(crate) mod key_change;
mod mount_work;
mod node;
mod observer;
mod phase;
mod seal;
mod unseal;
mod workers;

pub use init::{InitError, InitOutcome};
pub use node::{Node, NodeParts};
pub use phase::Phase;
pub use unseal::UnsealFailure;
