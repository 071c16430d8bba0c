//! `operator raft`: the cluster and its storage.

mod autopilot;
mod join;
mod list_peers;
mod membership;
mod recover;
mod remove_peer;
mod snapshot;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "raft",
    "Interact with the integrated Raft storage",
    "Adds servers to the cluster and takes them out, and saves and restores snapshots.",
    &[
        ("Join a cluster", "{} operator raft join https://127.0.0.1:8200"),
        ("List its members", "{} operator raft list-peers"),
        ("Take a member out", "{} operator raft remove-peer node1"),
        ("Save a snapshot", "{} operator raft snapshot save out.snap"),
    ],
    &[
        &autopilot::COMMAND,
        &membership::DEMOTE,
        &join::COMMAND,
        &list_peers::COMMAND,
        &membership::PROMOTE,
        &recover::COMMAND,
        &remove_peer::COMMAND,
        &snapshot::COMMAND,
    ],
);
