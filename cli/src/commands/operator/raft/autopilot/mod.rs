//! `operator raft autopilot`: how the cluster looks after its members.

mod get_config;
mod set_config;
mod state;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "autopilot",
    "Interact with the upkeep of the Raft cluster",
    "Prints how the cluster's members are, and reads and changes when one counts as healthy or dead.",
    &[("Print how the members are", "{} operator raft autopilot state")],
    &[&get_config::COMMAND, &set_config::COMMAND, &state::COMMAND],
);
