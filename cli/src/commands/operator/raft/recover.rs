use crate::command::{Action, Command};

/// For the help: it opens a server's data, which is the server's own part.
pub(super) static COMMAND: Command = Command {
    name: "recover",
    synopsis: "Brings back a cluster that lost a majority, on a stopped node",
    usage: "[options]",
    about: "Replaces the member list in the data of a server that is stopped by those of its members that are left.",
    examples: &[("", "{} operator raft recover -config=/etc/coffer/config.hcl -keep=node1")],
    action: Action::Elsewhere,
};
