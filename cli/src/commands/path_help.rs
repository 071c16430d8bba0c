use super::path;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::Format;
use crate::session::Session;
use crate::value::Json;

const SEALED: &str = "Error: Vault is sealed.\n\nThe \"path-help\" command requires the Vault to be unsealed so that \
                      the mount\npoints of the secret engines are known.";

pub(super) static COMMAND: Command = Command {
    name: "path-help",
    synopsis: "Retrieve API help for paths",
    usage: "[options] PATH",
    about: "Prints what a server says about a path: its own ones, secrets engines, auth methods. \
            With -format=json it is in the OpenAPI form.",
    examples: &[
        ("Ask about a mount", "{} path-help secret/"),
        ("Ask about one of its paths", "{} path-help sys/mounts"),
    ],
    action: Action::Run(Run::new(Arguments::ONE, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = path::bare(&flags.arguments[0]);
    let help = client.send(&Request::get(path).query("help", "1")).and_then(|answer| answer.map());
    let help = help.map_err(|error| {
        let sealed = error.says("Vault is sealed");
        Failure::server(if sealed { SEALED.to_owned() } else { format!("Error retrieving help: {error}") })
    })?;
    let text = match session.ui.format {
        Format::Json => help.get("openapi").unwrap_or(&Json::Null).compact(),
        _ => help.text("help").to_owned(),
    };
    session.ui.output(&text);
    Ok(Exit::OK)
}
