use super::super::mount;
use crate::command::{Action, Arguments, Command, Run};
use crate::flags::output::Output;

pub(super) static COMMAND: Command = Command {
    name: "move",
    synopsis: "Move an auth method to a new path",
    usage: "[options] SOURCE DESTINATION",
    about: "Moves an auth method with all its data to another path. Tokens that it gave out are revoked.",
    examples: &[("", "{} auth move auth/approle/ auth/machines/")],
    action: Action::Run(Run::new(Arguments::TWO, Output::None, |session, flags| {
        mount::relocate(session, flags, "auth method")
    })),
};
