use super::{TYPES, parse_type};
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Switch};
use crate::output::{Format, columns_with_header, print};
use crate::session::Session;
use crate::value::{Json, Map};

static DETAILED: Switch = Switch::new("detailed", "Also print each plugin's type and standing.").or("false");

pub(super) static COMMAND: Command = Command {
    name: "list",
    synopsis: "Lists available plugins",
    usage: "[options] [TYPE]",
    about: "Lists a server's plugins, all or those of a type: \"auth\", \"database\" or \"secret\".",
    examples: &[("", "{} plugin list"), ("Of one type", "{} plugin list database")],
    action: Action::Run(
        Run::new(Arguments::between(0, 1, "0 or 1").words(&TYPES), Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&DETAILED] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let typed = flags.arguments.first().map(|typed| typed.trim()).filter(|typed| !typed.is_empty());
    let kind = match typed {
        None => None,
        Some(typed) => parse_type(typed).map_err(|error| Failure::server(format!("Error parsing type: {error}")))?,
    };
    let client = session.client(flags)?;
    let catalogue = client.send(&Request::get("sys/plugins/catalog")).and_then(|answer| answer.data());
    let catalogue = catalogue.map_err(|error| Failure::server(format!("Error listing available plugins: {error}")))?;
    let of_kind = |plugin: &&Map| kind.is_none_or(|kind| plugin.text("type") == kind);
    let details = catalogue.get("detailed").and_then(Json::as_list).unwrap_or_default();
    let plugins: Vec<&Map> = details.iter().filter_map(Json::as_map).filter(of_kind).collect();
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &as_output(&catalogue, kind, &plugins));
    }
    let columns: &[(&str, &str)] = match (flags.get(&DETAILED), kind) {
        (true, _) => {
            &[("Name", "name"), ("Type", "type"), ("Version", "version"), ("Deprecation Status", "deprecation_status")]
        }
        (false, None) => &[("Name", "name"), ("Type", "type"), ("Version", "version")],
        (false, Some(_)) => &[("Name", "name"), ("Version", "version")],
    };
    let mut rows = vec![columns.iter().map(|(title, _)| (*title).to_owned()).collect::<Vec<_>>()];
    for plugin in plugins {
        rows.push(columns.iter().map(|(_, field)| plugin.text(field).to_owned()).collect());
    }
    session.ui.output(&columns_with_header(rows));
    Ok(Exit::OK)
}

fn as_output(catalogue: &Map, kind: Option<&str>, plugins: &[&Map]) -> Json {
    let mut shown = Map::new();
    for known in TYPES.iter().filter(|known| kind.is_none_or(|kind| kind == **known)) {
        if catalogue.get(known).is_some() {
            shown.set(known, Json::texts(catalogue.texts(known)));
        }
    }
    let details = plugins.iter().map(|plugin| {
        let mut shown = Map::of([("type", plugin.text("type").into()), ("name", plugin.text("name").into())]);
        if !plugin.text("version").is_empty() {
            shown.set("version", plugin.text("version").into());
        }
        shown.set("builtin", plugin.bool("builtin").into());
        if !plugin.text("deprecation_status").is_empty() {
            shown.set("deprecation_status", plugin.text("deprecation_status").into());
        }
        Json::Map(shown)
    });
    shown.set("details", Json::List(details.collect()));
    shown.sorted().into()
}
