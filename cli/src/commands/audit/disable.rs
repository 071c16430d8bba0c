use super::super::path;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "disable",
    synopsis: "Disables an audit device",
    usage: "[options] PATH",
    about: "Disables the audit device at a path, by path and not by type. What it wrote cannot be compared any more: \
            the salt of its hashes goes with it.",
    examples: &[("", "{} audit disable file/")],
    action: Action::Run(Run::new(Arguments::ONE, Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = path::mount(&flags.arguments[0]);
    client
        .send(&Request::delete(format!("sys/audit/{path}")))
        .map_err(|error| Failure::server(format!("Error disabling audit device: {error}")))?;
    session.ui.output(&format!("Success! Disabled audit device (if it was enabled) at: {path}"));
    Ok(Exit::OK)
}
