//! `policy`: what tokens may do.

mod delete;
mod fmt;
mod format;
mod list;
mod read;
mod write;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "policy",
    "Interact with policies",
    "Reads, writes and deletes policies on a server, and formats them on disk.",
    &[
        ("List all policies", "{} policy list"),
        ("Write one from a file", "{} policy write my-policy policy.hcl"),
        ("Delete one", "{} policy delete my-policy"),
    ],
    &[&delete::COMMAND, &fmt::COMMAND, &list::COMMAND, &read::COMMAND, &write::COMMAND],
);
