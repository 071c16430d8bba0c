use super::versions::{GROUPS, change};
use crate::command::{Action, Arguments, Command, Run};
use crate::flags::output::Output;

pub(super) static COMMAND: Command = Command {
    name: "destroy",
    synopsis: "Permanently removes one or more versions in the KV store",
    usage: "[options] KEY",
    about: "Removes versions of a secret for good.",
    examples: &[("", "{} kv destroy -mount=secret -versions=3 foo")],
    action: Action::Run(
        Run::new(Arguments::ONE, Output::Format, |session, flags| change(session, flags, "destroy", "Destroy"))
            .flags(GROUPS),
    ),
};
