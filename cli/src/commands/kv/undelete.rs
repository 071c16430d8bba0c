use super::versions::{GROUPS, change};
use crate::command::{Action, Arguments, Command, Run};
use crate::flags::output::Output;

pub(super) static COMMAND: Command = Command {
    name: "undelete",
    synopsis: "Undeletes versions in the KV store",
    usage: "[options] KEY",
    about: "Makes deleted versions of a secret readable again. Destroyed ones stay gone.",
    examples: &[("", "{} kv undelete -mount=secret -versions=3 foo")],
    action: Action::Run(
        Run::new(Arguments::ONE, Output::Format, |session, flags| change(session, flags, "undelete", "Undelete"))
            .flags(GROUPS),
    ),
};
