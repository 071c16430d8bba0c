use super::membership::change;
use crate::command::{Action, Arguments, Command, Run};
use crate::flags::output::Output;

pub(super) static COMMAND: Command = Command {
    name: "remove-peer",
    synopsis: "Removes a node from the Raft cluster",
    usage: "[options] SERVER",
    about: "Takes a server out of the cluster, by its node id.",
    examples: &[("", "{} operator raft remove-peer node1")],
    action: Action::Run(Run::new(Arguments::ANY, Output::Format, |session, flags| {
        let failed = "Error removing the peer from raft cluster";
        change(session, flags, "remove-peer", failed, "Peer removed successfully!")
    })),
};
