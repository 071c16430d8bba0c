use super::super::membership::incorrect;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::duration::Span;
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::{Format, columns_with_header, print};
use crate::session::Session;
use crate::value::{Json, Map};

pub(super) static COMMAND: Command = Command {
    name: "get-config",
    synopsis: "Returns the configuration of the autopilot subsystem under integrated storage",
    usage: "[options]",
    about: "Prints when a member counts as healthy, and when as dead.",
    examples: &[("", "{} operator raft autopilot get-config")],
    action: Action::Run(Run::new(Arguments::ANY, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    if !flags.arguments.is_empty() {
        return Err(incorrect(0, flags));
    }
    let client = session.client(flags)?;
    let config = client.send(&Request::get("sys/storage/raft/autopilot/configuration"));
    let config = match config.and_then(|answer| answer.data()) {
        Ok(config) => config,
        // A server on other storage has none; the original says nothing to that.
        Err(error) if error.status() == Some(404) => return Ok(Exit::OK),
        Err(error) => return Err(Failure::server(error.to_string())),
    };
    let span = |key: &str| Span::parse(config.text(key)).unwrap_or_default();
    let number = |key: &str| config.integer(key);
    if session.ui.format != Format::Table {
        let shown = Map::of([
            ("cleanup_dead_servers", config.bool("cleanup_dead_servers").into()),
            ("last_contact_threshold", Json::text(span("last_contact_threshold").to_string())),
            ("dead_server_last_contact_threshold", Json::text(span("dead_server_last_contact_threshold").to_string())),
            ("max_trailing_logs", Json::number(number("max_trailing_logs"))),
            ("min_quorum", Json::number(number("min_quorum"))),
            ("server_stabilization_time", Json::text(span("server_stabilization_time").to_string())),
        ]);
        return print(&mut session.ui, &shown.sorted().into());
    }
    let row = |title: &str, value: String| vec![title.to_owned(), value];
    session.ui.output(&columns_with_header(vec![
        row("Key", "Value".to_owned()),
        row("Cleanup Dead Servers", config.bool("cleanup_dead_servers").to_string()),
        row("Last Contact Threshold", span("last_contact_threshold").to_string()),
        row("Dead Server Last Contact Threshold", span("dead_server_last_contact_threshold").to_string()),
        row("Server Stabilization Time", span("server_stabilization_time").to_string()),
        row("Min Quorum", number("min_quorum").to_string()),
        row("Max Trailing Logs", number("max_trailing_logs").to_string()),
    ]));
    Ok(Exit::OK)
}
