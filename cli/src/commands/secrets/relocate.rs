use super::super::mount;
use crate::command::{Action, Arguments, Command, Run};
use crate::flags::output::Output;

pub(super) static COMMAND: Command = Command {
    name: "move",
    synopsis: "Move a secrets engine to a new path",
    usage: "[options] SOURCE DESTINATION",
    about: "Moves an engine with all its data to another path. Its leases are revoked.",
    examples: &[("", "{} secrets move secret/ kv/")],
    action: Action::Run(Run::new(Arguments::TWO, Output::None, |session, flags| {
        mount::relocate(session, flags, "secrets engine")
    })),
};
