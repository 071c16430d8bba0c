use super::super::path;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "disable",
    synopsis: "Disable a secrets engine",
    usage: "[options] PATH",
    about: "Disables the engine at a path, by path and not by type. Its leases are revoked and its data is deleted.",
    examples: &[("", "{} secrets disable kv/")],
    action: Action::Run(Run::new(Arguments::ONE, Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = path::mount(&flags.arguments[0]);
    client
        .send(&Request::delete(format!("sys/mounts/{path}")))
        .map_err(|error| Failure::server(format!("Error disabling secrets engine at {path}: {error}")))?;
    session.ui.output(&format!("Success! Disabled the secrets engine (if it existed) at: {path}"));
    Ok(Exit::OK)
}
