use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::{Format, columns_with_header, print_secret, print_warnings};
use crate::session::Session;
use crate::value::Json;

pub(super) static COMMAND: Command = Command {
    name: "list-peers",
    synopsis: "Returns the Raft peer set",
    usage: "[options]",
    about: "Lists the servers of the cluster, which of them leads, and which vote.",
    examples: &[("", "{} operator raft list-peers")],
    action: Action::Run(Run::new(Arguments::ANY, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let reply = client.read("sys/storage/raft/configuration");
    let reply =
        reply.map_err(|error| Failure::server(format!("Error reading the raft cluster configuration: {error}")))?;
    let secret = reply.ok_or_else(|| Failure::server("No raft cluster configuration found"))?;
    if session.ui.format != Format::Table {
        return print_secret(&mut session.ui, &secret);
    }
    let config = secret.data.as_ref().and_then(|data| data.get("config")).and_then(Json::as_map);
    let servers = config.and_then(|config| config.get("servers")).and_then(Json::as_list).unwrap_or_default();
    let mut rows = vec![["Node", "Address", "State", "Voter"].map(str::to_owned).to_vec()];
    for server in servers.iter().filter_map(Json::as_map) {
        rows.push(vec![
            server.text("node_id").to_owned(),
            server.text("address").to_owned(),
            if server.bool("leader") { "leader" } else { "follower" }.to_owned(),
            server.bool("voter").to_string(),
        ]);
    }
    session.ui.output(&columns_with_header(rows));
    // Members that can't be reached, and why; an even number of voters.
    print_warnings(&mut session.ui, &secret);
    Ok(Exit::OK)
}
