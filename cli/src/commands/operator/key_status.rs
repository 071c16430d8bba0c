use crate::client::{Client, Request};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::{Format, Timestamp, columns, print};
use crate::session::Session;
use crate::value::{Json, Map};

pub(super) static COMMAND: Command = Command {
    name: "key-status",
    synopsis: "Provides information about the active encryption key",
    usage: "[options]",
    about: "Prints since when the encryption key is in use, and how often it has been.",
    examples: &[("", "{} operator key-status")],
    action: Action::Run(Run::new(Arguments::NONE, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let status = read(&client)?;
    show(session, &status)
}

pub(super) fn read(client: &Client) -> Result<Map, Failure> {
    let status = client.send(&Request::get("sys/key-status")).and_then(|answer| answer.data());
    status.map_err(|error| Failure::server(format!("Error reading key status: {error}")))
}

pub(super) fn show(session: &mut Session, status: &Map) -> Outcome {
    let installed = Timestamp::parse(status.text("install_time")).unwrap_or_else(Timestamp::zero);
    let (term, encryptions) = (status.integer("term"), status.integer("encryptions"));
    if session.ui.format != Format::Table {
        let shown = Map::of([
            ("term", Json::number(term)),
            ("install_time", Json::text(installed.rfc3339())),
            ("encryptions", Json::number(encryptions)),
        ]);
        return print(&mut session.ui, &shown.into());
    }
    let row = |title: &str, value: String| vec![title.to_owned(), value];
    session.ui.output(&columns(&[
        row("Key Term", term.to_string()),
        row("Install Time", installed.rfc822()),
        row("Encryption Count", encryptions.to_string()),
    ]));
    Ok(Exit::OK)
}
