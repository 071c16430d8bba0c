use super::super::path;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "disable",
    synopsis: "Disables an auth method",
    usage: "[options] PATH",
    about: "Disables the auth method at a path, by path and not by type. All tokens that it gave out are revoked.",
    examples: &[("", "{} auth disable userpass/")],
    action: Action::Run(Run::new(Arguments::ONE, Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let path = path::mount(&flags.arguments[0]);
    let client = session.client(flags)?;
    client
        .send(&Request::delete(format!("sys/auth/{path}")))
        .map_err(|error| Failure::server(format!("Error disabling auth method at {path}: {error}")))?;
    session.ui.output(&format!("Success! Disabled the auth method (if it existed) at: {path}"));
    Ok(Exit::OK)
}
