//! `operator raft snapshot`: all data of the cluster in one file, encrypted as it is stored.

mod inspect;
mod restore;
mod save;

use crate::command::Command;

pub(super) static COMMAND: Command = Command::group(
    "snapshot",
    "Restores and saves snapshots from the Raft cluster",
    "Saves all data of the cluster in a file, and puts it back from there. What is in the file is encrypted: the \
     unseal keys of the time are needed to use it.",
    &[
        ("Save", "{} operator raft snapshot save raft.snap"),
        ("Restore", "{} operator raft snapshot restore raft.snap"),
        ("See what is in one", "{} operator raft snapshot inspect raft.snap"),
    ],
    &[&inspect::COMMAND, &restore::COMMAND, &save::COMMAND],
);
