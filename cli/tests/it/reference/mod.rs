//! Running the reference client and ours side by side, on the same server.

mod normal;
mod server;
mod tool;

pub use server::Server;
pub use tool::{Pair, Tool};
