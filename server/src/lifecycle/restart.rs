//! The process starts itself anew, under the same number: after the data was set aside, everything that was built on it
//! goes at once.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::StartError;

/// Linux' way to the program that runs, even where its file was replaced by a later release.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Only returns where it failed.
pub fn restart() -> StartError {
    let program = match Path::new(OWN_PROGRAM).exists() {
        true => PathBuf::from(OWN_PROGRAM),
        false => match std::env::current_exe() {
            Ok(program) => program,
            Err(error) => return failed(&error),
        },
    };
    let mut words = std::env::args_os();
    let name = words.next().unwrap_or_else(|| OsString::from("coffer"));
    failed(&Command::new(program).arg0(name).args(words).exec())
}

fn failed(error: &std::io::Error) -> StartError {
    StartError::Fatal(format!("it was to start anew, and could not ({error}): start it again"))
}
