use std::fmt::Write as _;

use super::super::membership::incorrect;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::{Format, print};
use crate::session::Session;
use crate::value::{Json, Map};

pub(super) static COMMAND: Command = Command {
    name: "state",
    synopsis: "Displays the state of the raft cluster under integrated storage as seen by autopilot",
    usage: "[options]",
    about: "Prints how each member of the cluster is, and how many can fail before the cluster does.",
    examples: &[("", "{} operator raft autopilot state")],
    action: Action::Run(Run::new(Arguments::ANY, Output::Format, run)),
};

/// A server's fields, as programs are shown them and as the API names them.
const SERVER_FIELDS: [(&str, &str); 11] = [
    ("ID", "id"),
    ("Name", "name"),
    ("Address", "address"),
    ("NodeStatus", "node_status"),
    ("LastContact", "last_contact"),
    ("LastTerm", "last_term"),
    ("LastIndex", "last_index"),
    ("Healthy", "healthy"),
    ("StableSince", "stable_since"),
    ("Status", "status"),
    ("Version", "version"),
];

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    if !flags.arguments.is_empty() {
        return Err(incorrect(0, flags));
    }
    let client = session.client(flags)?;
    let state = client.send(&Request::get("sys/storage/raft/autopilot/state"));
    let state = match state.and_then(|answer| answer.data()) {
        Ok(state) => state,
        // A server on other storage has no such state; the original says nothing to that.
        Err(error) if error.status() == Some(404) => return Ok(Exit::OK),
        Err(error) => return Err(Failure::server(format!("Error checking autopilot state: {error}"))),
    };
    if matches!(session.ui.format, Format::Table | Format::Pretty) {
        session.ui.output(&pretty(&state));
        return Ok(Exit::OK);
    }
    print(&mut session.ui, &as_output(&state))
}

fn servers(state: &Map) -> Vec<(&str, &Map)> {
    let servers = state.get("servers").and_then(Json::as_map);
    let servers = servers.into_iter().flat_map(Map::iter).filter_map(|(id, server)| Some((id, server.as_map()?)));
    let mut servers: Vec<_> = servers.collect();
    servers.sort_by_key(|(id, _)| *id);
    servers
}

fn pretty(state: &Map) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "Healthy:                         {}\nFailure Tolerance:               {}\nLeader:                          \
         {}\nVoters:\n",
        state.bool("healthy"),
        state.integer("failure_tolerance"),
        state.text("leader")
    );
    state.texts("voters").iter().for_each(|id| out.push_str(&format!("   {id}\n")));
    let others = state.texts("non_voters");
    if !others.is_empty() {
        out.push_str("Non Voters:\n");
        others.iter().for_each(|id| out.push_str(&format!("   {id}\n")));
    }
    if state.integer("optimistic_failure_tolerance") > 0 {
        let _ = writeln!(out, "Optimistic Failure Tolerance:    {}", state.integer("optimistic_failure_tolerance"));
    }
    out.push_str("Servers:\n");
    for (_, server) in servers(state) {
        let _ = writeln!(out, "   {}", server.text("id"));
        let mut line = |title: &str, value: &str| {
            let _ = writeln!(out, "      {:<18} {value}", format!("{title}:"));
        };
        line("Name", server.text("name"));
        line("Address", server.text("address"));
        line("Status", server.text("status"));
        line("Node Status", server.text("node_status"));
        line("Healthy", &server.bool("healthy").to_string());
        line("Last Contact", server.text("last_contact"));
        line("Last Term", &server.integer("last_term").to_string());
        line("Last Index", &server.integer("last_index").to_string());
        line("Version", server.text("version"));
        for (title, field) in [("Upgrade Version", "upgrade_version"), ("Node Type", "node_type")] {
            if !server.text(field).is_empty() {
                line(title, server.text(field));
            }
        }
    }
    out
}

fn as_output(state: &Map) -> Json {
    let shown_servers: Map =
        servers(state).into_iter().map(|(id, server)| (id.to_owned(), server_output(server))).collect();
    Map::of([
        ("Healthy", state.bool("healthy").into()),
        ("FailureTolerance", Json::number(state.integer("failure_tolerance"))),
        ("Servers", shown_servers.into()),
        ("Leader", state.text("leader").into()),
        ("Voters", state.get("voters").cloned().unwrap_or(Json::Null)),
        ("NonVoters", state.get("non_voters").cloned().unwrap_or(Json::Null)),
        ("Upgrade", Json::Null),
        ("OptimisticFailureTolerance", Json::number(state.integer("optimistic_failure_tolerance"))),
    ])
    .into()
}

fn server_output(server: &Map) -> Json {
    let mut shown = Map::new();
    for (name, field) in SERVER_FIELDS {
        let value = match field {
            "healthy" => server.bool(field).into(),
            "last_term" | "last_index" => Json::number(server.integer(field)),
            _ => server.text(field).into(),
        };
        shown.set(name, value);
    }
    shown.set("UpgradeVersion", server.text("upgrade_version").into());
    shown.set("NodeType", server.text("node_type").into());
    shown.into()
}
