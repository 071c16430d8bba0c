//! The server: configuration, start and stop, listeners, logs, development mode. It joins the other crates in
//! [`assemble`]; what a request means is theirs to know, not this crate's.

mod allocator;
pub mod assemble;
mod cluster_listener;
pub mod command;
pub mod config;
pub mod dev;
pub mod forward;
mod front;
pub mod join;
pub mod lifecycle;
pub mod listen;
pub mod logging;
pub mod peer_service;
mod recover;
pub mod version;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use command::{Flags, HELP, Wanted};
pub use front::front;
pub use recover::recover;

/// `coffer server`: the whole command line, to the end of the process.
pub fn serve(args: Vec<OsString>) -> ExitCode {
    let words: Result<Vec<_>, _> = args.into_iter().skip(2).map(OsString::into_string).collect();
    let Ok(words) = words else { return refuse("an argument is not valid UTF-8") };
    let flags = match Flags::parse(&words, &environment) {
        Ok(Wanted::Server(flags)) => *flags,
        Ok(Wanted::Help) => {
            say(HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => return refuse(&error),
    };
    match lifecycle::run(flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &(impl std::fmt::Display + ?Sized)) -> ExitCode {
    // Standard error may be closed, which is no reason to panic.
    let _ = writeln!(std::io::stderr(), "coffer: {error}");
    ExitCode::FAILURE
}

/// Prints to standard output. Nobody may be reading: the server goes on all the same.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A variable of the process; one that is not UTF-8 is as if it were not set.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
