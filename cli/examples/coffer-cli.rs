//! The client commands alone, without the server.

use std::process::ExitCode;

fn main() -> ExitCode {
    coffer_cli::run(std::env::args_os().collect(), concat!("Coffer v", env!("CARGO_PKG_VERSION"), " (client only)"))
}
