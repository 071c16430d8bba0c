//! The life of a node: uninitialised, joining, sealed, standby, active, removed; and the ceremonies that move it.

mod activate;
mod condition;
mod init;
mod join;
pub(crate) mod key_change;
mod member_change;
mod mount_work;
mod node;
mod observer;
mod phase;
mod phase_cell;
mod replaced;
mod seal;
mod standby;
mod unseal;
mod workers;

pub use init::{InitError, InitOutcome};
pub use join::{JoinFailure, JoinRequest, Joining};
pub use node::{Node, NodeParts};
pub use phase::Phase;
pub use unseal::UnsealFailure;
