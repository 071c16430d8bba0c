use super::{TYPES, parse_type};
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::output::{FIELD, Output};
use crate::flags::{Group, Matches, Text};
use crate::output::{Format, print_field, print_map, quoted};
use crate::session::Session;
use crate::value::{Json, Map};

static VERSION: Text = Text::new("version", "Version of the plugin, where there are several.");

pub(super) static COMMAND: Command = Command {
    name: "info",
    synopsis: "Read information about a plugin in the catalog",
    usage: "[options] TYPE NAME",
    about: "Prints what a server knows of a plugin.",
    examples: &[("", "{} plugin info auth userpass")],
    action: Action::Run(
        Run::new(Arguments::between(1, 2, "1 or 2").words(&TYPES), Output::FieldAndFormat, run)
            .flags(&[Group { title: "Command Options", flags: &[&VERSION] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let (kind, name) = match &flags.arguments[..] {
        [kind, name] => (kind.trim(), name.trim()),
        [name, ..] => ("unknown", name.trim()),
        [] => return Err(Failure::local("Not enough arguments (expected 1 or 2, got 0)")),
    };
    let client = session.client(flags)?;
    let path = match parse_type(kind).map_err(Failure::server)? {
        Some(kind) => format!("sys/plugins/catalog/{kind}/{name}"),
        None => format!("sys/plugins/catalog/{name}"),
    };
    let version = flags.get(&VERSION);
    let request = Request::get(path);
    let request = if version.is_empty() { request } else { request.query("version", version) };
    let answer = client.send(&request).and_then(|answer| answer.map());
    let answer = answer.map_err(|error| Failure::server(format!("Error reading plugin named {name}: {error}")))?;
    let plugin = answer.get("data").and_then(Json::as_map);
    let plugin = plugin.ok_or_else(|| Failure::server(format!("No value found for plugin {}", quoted(name))))?;
    let mut shown = Map::new();
    let no_args = if session.ui.format == Format::Table { Json::List(Vec::new()) } else { Json::Null };
    shown.set("args", plugin.get("args").cloned().unwrap_or(no_args));
    shown.set("builtin", plugin.bool("builtin").into());
    for field in ["command", "deprecation_status", "name", "sha256", "version"] {
        shown.set(field, plugin.text(field).into());
    }
    match flags.get(&FIELD).as_str() {
        "" => print_map(&mut session.ui, &shown),
        field => print_field(&mut session.ui, shown.get(field).cloned(), field, "map"),
    }
}
