//! The server: configuration, start and stop, listeners, logs, development mode. It joins the other crates in
//! [`assemble`]; what a request means is theirs to know, not this crate's.

pub mod assemble;
pub mod config;
pub mod listen;
pub mod logging;
