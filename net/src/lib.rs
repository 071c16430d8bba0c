//! From a name and a port to a TCP connection: for members, joiners, the front proxy, the client.
//!
//! This crate knows nothing of TLS, HTTP or Raft, and sets no bound on the whole time: its callers do.

mod dial;
mod failure;

pub use dial::{dial, dial_any};
pub use failure::{Attempt, DialError};
