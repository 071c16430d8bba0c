//! The client commands: `coffer status`, `coffer kv get` and the rest, all but `server`.
//!
//! This crate owns the command table (one file a command), flags, help and completion made from that
//! table, the HTTP client, and the forms of output. Names, flags, environment, exit codes and output are
//! those of Vault's own client. It speaks to servers only over HTTP, and must not know the server's
//! crates.

mod client;
mod command;
mod commands;
mod completion;
mod duration;
mod env;
mod exit;
mod flags;
mod help;
mod input;
mod output;
mod run;
mod session;
mod suggest;
mod token;
mod ui;
mod value;
mod wrap;

pub use run::run;
pub use token::store_token;
