//! `audit`: where requests are recorded.

mod disable;
mod enable;
mod list;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "audit",
    "Interact with audit devices",
    "Enables, disables and lists audit devices. While one is enabled, a request that cannot be recorded is refused.",
    &[
        ("List the devices that are enabled", "{} audit list"),
        ("Enable one that writes to a file", "{} audit enable file file_path=/var/log/audit.log"),
    ],
    &[&disable::COMMAND, &enable::COMMAND, &list::COMMAND],
);
