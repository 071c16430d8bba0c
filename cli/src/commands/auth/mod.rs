//! `auth`: which auth methods are mounted where.

mod disable;
mod enable;
mod help;
mod list;
mod relocate;
mod tune;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "auth",
    "Interact with auth methods",
    "Enables, disables, moves and tunes auth methods: the ways to log in. To log in, use \"login\".",
    &[
        ("List the methods that are enabled", "{} auth list"),
        ("Enable one", "{} auth enable userpass"),
        ("How to log in with one", "{} auth help userpass"),
    ],
    &[&disable::COMMAND, &enable::COMMAND, &help::COMMAND, &list::COMMAND, &relocate::COMMAND, &tune::COMMAND],
);
