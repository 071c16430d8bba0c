use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Switch};
use crate::output::{Format, columns_with_header, print};
use crate::session::Session;
use crate::value::{Json, Map};

static DETAILED: Switch = Switch::new("detailed", "Also print the options of each device.").or("false");

pub(super) static COMMAND: Command = Command {
    name: "list",
    synopsis: "Lists enabled audit devices",
    usage: "[options]",
    about: "Lists the audit devices of a server. Without any it exits with 2.",
    examples: &[("", "{} audit list"), ("With their options", "{} audit list -detailed")],
    action: Action::Run(
        Run::new(Arguments::NONE, Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&DETAILED] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let devices = client.send(&Request::get("sys/audit")).and_then(|answer| answer.data());
    let devices = devices.map_err(|error| Failure::server(format!("Error listing audits: {error}")))?;
    let devices: Vec<(&str, &Map)> =
        devices.iter().filter_map(|(path, device)| Some((path, device.as_map()?))).collect();
    if session.ui.format != Format::Table {
        let shown: Map = devices.iter().map(|(path, device)| ((*path).to_owned(), as_output(device))).collect();
        return print(&mut session.ui, &shown.sorted().into());
    }
    if devices.is_empty() {
        session.ui.output("No audit devices are enabled.");
        return Ok(Exit::SERVER);
    }
    let detailed = flags.get(&DETAILED);
    let header: &[&str] = if detailed {
        &["Path", "Type", "Description", "Replication", "Options"]
    } else {
        &["Path", "Type", "Description"]
    };
    let mut rows = vec![header.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>()];
    for (path, device) in devices {
        let mut row = vec![path.to_owned(), device.text("type").to_owned(), device.text("description").to_owned()];
        if detailed {
            row.push(if device.bool("local") { "local" } else { "replicated" }.to_owned());
            let options = device.get("options").and_then(Json::as_map);
            let options = options.into_iter().flat_map(Map::iter);
            let options = options.map(|(key, value)| format!("{key}={}", value.as_text().unwrap_or_default()));
            row.push(options.collect::<Vec<_>>().join(" "));
        }
        rows.push(row);
    }
    session.ui.output(&columns_with_header(rows));
    Ok(Exit::OK)
}

fn as_output(device: &Map) -> Json {
    Map::of([
        ("type", device.text("type").into()),
        ("description", device.text("description").into()),
        ("options", device.get("options").cloned().unwrap_or(Json::Null)),
        ("local", device.bool("local").into()),
        ("path", device.text("path").into()),
    ])
    .into()
}
