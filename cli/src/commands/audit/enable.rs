use super::super::path;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Switch, Text};
use crate::input::{as_texts, read_data};
use crate::session::Session;
use crate::value::{Json, Map};

static DESCRIPTION: Text = Text::new("description", "What it is for, in words.");
static LOCAL: Switch = Switch::new("local", "Keep it to this cluster: it is not replicated.").or("false");
static PATH: Text = Text::new("path", "Where to mount it. Without it the type is the path.");

pub(super) static COMMAND: Command = Command {
    name: "enable",
    synopsis: "Enables an audit device",
    usage: "[options] TYPE [CONFIG K=V...]",
    about: "Enables an audit device of a type, at the path of that name or another.",
    examples: &[("Write to a file", "{} audit enable file file_path=/var/log/audit.log")],
    action: Action::Run(
        Run::new(Arguments::ANY.words(&["file", "socket", "stdout", "syslog"]), Output::None, run)
            .flags(&[Group { title: "Command Options", flags: &[&DESCRIPTION, &LOCAL, &PATH] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let Some(kind) = flags.arguments.first() else {
        return Err(Failure::local(
            "Error enabling audit device: audit type missing. Valid types include 'file', 'socket' and 'syslog'.",
        ));
    };
    let kind = kind.trim();
    let path = flags.get(&PATH);
    let path = path::folder(if path.is_empty() { kind } else { &path });
    let options = read_data(&flags.arguments[1..], 2, &mut session.input(flags)).and_then(|data| as_texts(&data));
    let options = options.map_err(|error| Failure::local(format!("Failed to parse K=V data: {error}")))?;
    let client = session.client(flags)?;
    let options: Map = options.into_iter().map(|(key, value)| (key, Json::Text(value))).collect();
    let body = Map::of([
        ("type", kind.into()),
        ("description", Json::text(flags.get(&DESCRIPTION))),
        ("options", options.into()),
        ("local", flags.get(&LOCAL).into()),
    ]);
    client
        .send(&Request::put(format!("sys/audit/{path}")).json(body))
        .map_err(|error| Failure::server(format!("Error enabling audit device: {error}")))?;
    session.ui.output(&format!("Success! Enabled the {kind} audit device at: {path}"));
    Ok(Exit::OK)
}
