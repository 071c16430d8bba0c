use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::{Format, Timestamp, columns_with_header, print};
use crate::session::Session;
use crate::value::{Json, Map};

pub(super) static COMMAND: Command = Command {
    name: "members",
    synopsis: "Returns the list of nodes in the cluster",
    usage: "[options]",
    about: "Lists the servers of a cluster and when the active one last heard of each.",
    examples: &[("", "{} operator members")],
    action: Action::Run(Run::new(Arguments::ANY, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let answer = client.send(&Request::get("sys/ha-status")).and_then(|answer| answer.map());
    let answer = answer.map_err(|error| Failure::server(error.to_string()))?;
    let data = answer.get("data").and_then(Json::as_map).unwrap_or(&answer);
    let nodes = data.get("nodes").and_then(Json::as_list).unwrap_or_default();
    let nodes: Vec<&Map> = nodes.iter().filter_map(Json::as_map).collect();
    if session.ui.format != Format::Table {
        let nodes = nodes.iter().map(|node| as_output(node)).collect();
        return print(&mut session.ui, &Map::of([("Nodes", Json::List(nodes))]).into());
    }
    let header =
        ["Host Name", "API Address", "Cluster Address", "Active Node", "Version", "Upgrade Version", "Last Echo"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for node in nodes {
        let echo = Timestamp::parse(node.text("last_echo"));
        rows.push(vec![
            node.text("hostname").to_owned(),
            node.text("api_address").to_owned(),
            node.text("cluster_address").to_owned(),
            node.bool("active_node").to_string(),
            node.text("version").to_owned(),
            node.text("upgrade_version").to_owned(),
            echo.map(Timestamp::rfc3339_seconds).unwrap_or_default(),
        ]);
    }
    session.ui.output(&columns_with_header(rows));
    Ok(Exit::OK)
}

fn as_output(node: &Map) -> Json {
    let echo = Timestamp::parse(node.text("last_echo")).map_or(Json::Null, |time| Json::text(time.rfc3339()));
    let mut shown = Map::of([
        ("hostname", node.text("hostname").into()),
        ("api_address", node.text("api_address").into()),
        ("cluster_address", node.text("cluster_address").into()),
        ("active_node", node.bool("active_node").into()),
        ("last_echo", echo),
        ("version", node.text("version").into()),
    ]);
    if !node.text("upgrade_version").is_empty() {
        shown.set("upgrade_version", node.text("upgrade_version").into());
    }
    shown.into()
}
