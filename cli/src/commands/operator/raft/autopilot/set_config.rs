use super::super::membership::incorrect;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Integer, Matches, OptionalSwitch, Time};
use crate::output::print_secret;
use crate::session::Session;
use crate::value::{Json, Map};

static CLEANUP_DEAD_SERVERS: OptionalSwitch =
    OptionalSwitch::new("cleanup-dead-servers", "Whether dead servers are taken out of the cluster.");
static DEAD_SERVER_LAST_CONTACT_THRESHOLD: Time = Time::new(
    "dead-server-last-contact-threshold",
    "After how long without contact a server counts as dead. Only with cleanup of dead servers.",
);
static LAST_CONTACT_THRESHOLD: Time =
    Time::new("last-contact-threshold", "After how long without contact a server counts as unhealthy.");
static MAX_TRAILING_LOGS: Integer =
    Integer::new("max-trailing-logs", "How many log entries a server may be behind and still count as healthy.");
static MIN_QUORUM: Integer =
    Integer::new("min-quorum", "Least number of servers that are left in the cluster. It should be at least 3.");
static SERVER_STABILIZATION_TIME: Time =
    Time::new("server-stabilization-time", "How long a new server must be healthy before it gets a vote.");

pub(super) static COMMAND: Command = Command {
    name: "set-config",
    synopsis: "Modify the configuration of the autopilot subsystem under integrated storage",
    usage: "[options]",
    about: "Changes when a member counts as healthy, and when as dead. What is not given stays.",
    examples: &[("", "{} operator raft autopilot set-config -server-stabilization-time=10s")],
    action: Action::Run(Run::new(Arguments::ANY, Output::Format, run).flags(&[Group {
        title: "Common Options",
        flags: &[
            &CLEANUP_DEAD_SERVERS,
            &DEAD_SERVER_LAST_CONTACT_THRESHOLD,
            &LAST_CONTACT_THRESHOLD,
            &MAX_TRAILING_LOGS,
            &MIN_QUORUM,
            &SERVER_STABILIZATION_TIME,
        ],
    }])),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    if !flags.arguments.is_empty() {
        return Err(incorrect(0, flags));
    }
    let client = session.client(flags)?;
    let mut body = Map::new();
    if let Some(on) = flags.get(&CLEANUP_DEAD_SERVERS) {
        body.set("cleanup_dead_servers", on.into());
    }
    for (key, flag) in [("max_trailing_logs", &MAX_TRAILING_LOGS), ("min_quorum", &MIN_QUORUM)] {
        if flags.get(flag) > 0 {
            body.set(key, Json::number(flags.get(flag)));
        }
    }
    for (key, flag) in [
        ("last_contact_threshold", &LAST_CONTACT_THRESHOLD),
        ("dead_server_last_contact_threshold", &DEAD_SERVER_LAST_CONTACT_THRESHOLD),
        ("server_stabilization_time", &SERVER_STABILIZATION_TIME),
    ] {
        if flags.get(flag).0 > 0 {
            body.set(key, Json::text(flags.get(flag).to_string()));
        }
    }
    let reply = client.write("sys/storage/raft/autopilot/configuration", body.sorted());
    match reply.map_err(|error| Failure::server(error.to_string()))? {
        Some(secret) => print_secret(&mut session.ui, &secret),
        None => Ok(Exit::OK),
    }
}
