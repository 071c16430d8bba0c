use std::time::Duration;

use crate::client::{Client, Request};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Integer, Matches, Switch, Text};
use crate::output::{Format, columns_with_header, print};
use crate::session::Session;
use crate::value::{Json, Map};

static AUTO_JOIN_PORT: Integer =
    Integer::new("auto-join-port", "Port of servers that are found by themselves.").or("8200");
static AUTO_JOIN_SCHEME: Text = Text::new("auto-join-scheme", "Scheme for servers that are found by themselves.")
    .or("https")
    .words(&["http", "https"]);
static LEADER_CA_CERT: Text =
    Text::new("leader-ca-cert", "CA certificate to check the leader's with, in PEM; @FILE reads it from a file.");
static LEADER_CLIENT_CERT: Text =
    Text::new("leader-client-cert", "Certificate to show to the leader, in PEM; @FILE reads it from a file.");
static LEADER_CLIENT_KEY: Text =
    Text::new("leader-client-key", "Private key of -leader-client-cert, in PEM; @FILE reads it from a file.");
static NON_VOTER: Switch = Switch::new("non-voter", "Join without a vote.").or("false");
static RETRY: Switch = Switch::new("retry", "Try again until it works.").or("false");

pub(super) static COMMAND: Command = Command {
    name: "join",
    synopsis: "Joins a node to the Raft cluster",
    usage: "[options] <leader-api-addr|auto-join-configuration>",
    about: "Makes the server that is spoken to join the cluster of another, given by its API address. It is done \
            before the server is unsealed.",
    examples: &[
        ("", "{} operator raft join https://127.0.0.1:8200"),
        ("With a CA for the leader", "{} operator raft join -leader-ca-cert=@ca.crt https://127.0.0.1:8200"),
    ],
    action: Action::Run(Run::new(Arguments::OPTIONAL, Output::Format, run).flags(&[Group {
        title: "Command Options",
        flags: &[
            &AUTO_JOIN_PORT,
            &AUTO_JOIN_SCHEME,
            &LEADER_CA_CERT,
            &LEADER_CLIENT_CERT,
            &LEADER_CLIENT_KEY,
            &NON_VOTER,
            &RETRY,
        ],
    }])),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let leader = flags.arguments.first().map(|typed| typed.trim()).unwrap_or_default();
    let ca = text_or_file(flags, &LEADER_CA_CERT, "CA certificate")?;
    let certificate = text_or_file(flags, &LEADER_CLIENT_CERT, "client certificate")?;
    let key = text_or_file(flags, &LEADER_CLIENT_KEY, "client key")?;
    let scheme = flags.get(&AUTO_JOIN_SCHEME);
    if !matches!(scheme.as_str(), "" | "http" | "https") {
        return Err(Failure::local(format!("invalid scheme {scheme:?}; must either be http or https")));
    }
    let client = session.client(flags)?;
    let found_by_itself = leader.contains("provider=");
    let mut body =
        Map::of([("auto_join", "".into()), ("auto_join_scheme", "".into()), ("auto_join_port", Json::number(0))]);
    if found_by_itself {
        body = Map::of([
            ("auto_join", leader.into()),
            ("auto_join_scheme", Json::text(scheme)),
            ("auto_join_port", Json::number(flags.get(&AUTO_JOIN_PORT))),
        ]);
    }
    body.set("leader_api_addr", if found_by_itself { "" } else { leader }.into());
    body.set("leader_ca_cert", ca);
    body.set("leader_client_cert", certificate);
    body.set("leader_client_key", key);
    body.set("retry", flags.get(&RETRY).into());
    body.set("non_voter", flags.get(&NON_VOTER).into());
    let answer = client.send(&Request::post("sys/storage/raft/join").json(body)).and_then(|answer| answer.map());
    let answer =
        answer.map_err(|error| Failure::server(format!("Error joining the node to the Raft cluster: {error}")))?;
    let joined = answer.bool("joined");
    if joined {
        wait_until_it_takes_shares(&client);
    }
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &Map::of([("joined", joined.into())]).into());
    }
    let rows = vec![vec!["Key".to_owned(), "Value".to_owned()], vec!["Joined".to_owned(), joined.to_string()]];
    session.ui.output(&columns_with_header(rows));
    Ok(Exit::OK)
}

/// A node that was removed starts anew to join again, and takes the unseal keys only then.
fn wait_until_it_takes_shares(client: &Client) {
    for _ in 0..100 {
        let status = client.send(&Request::get("sys/seal-status")).and_then(|answer| answer.map());
        if status.is_ok_and(|status| !status.bool("removed_from_cluster")) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn text_or_file(flags: &Matches, flag: &Text, what: &str) -> Result<Json, Failure> {
    let given = flags.get(flag);
    let Some(path) = given.strip_prefix('@') else {
        return Ok(Json::text(given));
    };
    let text = std::fs::read_to_string(path);
    text.map(Json::text)
        .map_err(|error| Failure::local(format!("Failed to parse leader {what}: error reading file {path}: {error}")))
}
