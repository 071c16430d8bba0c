use super::super::login;
use super::super::path;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::quoted;
use crate::session::Session;
use crate::value::Json;

pub(super) static COMMAND: Command = Command {
    name: "help",
    synopsis: "Prints usage for an auth method",
    usage: "[options] TYPE | PATH",
    about: "Prints how to log in with an auth method, given by its type or by its path on the server.",
    examples: &[("By type", "{} auth help userpass"), ("By path", "{} auth help people/")],
    action: Action::Run(Run::new(Arguments::ONE, Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let typed = flags.arguments[0].trim();
    if let Some(method) = login::method(typed) {
        let help = method.help(&session.program);
        session.ui.output(&help);
        return Ok(Exit::OK);
    }
    let client = session.client(flags)?;
    let mounts = client.send(&Request::get("sys/auth")).and_then(|answer| answer.data());
    let mounts = mounts.map_err(|error| Failure::server(format!("Error listing auth methods: {error}")))?;
    let path = path::mount(typed);
    let Some(mount) = mounts.get(&path).and_then(Json::as_map) else {
        session.ui.warn(&format!("No auth method available on the server at {}", quoted(&path)));
        return Ok(Exit::LOCAL);
    };
    let Some(method) = login::method(mount.text("type")) else {
        session.ui.warn(&format!("No method-specific CLI handler available for auth method {}", quoted(typed)));
        return Ok(Exit::SERVER);
    };
    let help = method.help(&session.program);
    session.ui.output(&help);
    Ok(Exit::OK)
}
