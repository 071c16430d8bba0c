//! Joining a cluster, as the server does its part: which nodes the configuration names, how they are spoken to over their
//! API, and what is kept of a join for the next start.

mod configured;
mod desk;
mod memory;
mod send;
mod trust;

pub use configured::configured;
pub use desk::Desk;
pub use memory::JoinMemory;
