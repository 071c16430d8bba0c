use crate::client::{Answer, Request};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;
use crate::value::Map;

pub(super) static PROMOTE: Command = Command {
    name: "promote",
    synopsis: "Promotes a permanent non-voter to a voter",
    usage: "[options] SERVER",
    about: "Gives a server that does not vote a vote.",
    examples: &[("", "{} operator raft promote node1")],
    action: Action::Run(Run::new(Arguments::ANY, Output::Format, |session, flags| {
        change(session, flags, "promote", "Error promoting server", "Server promoted successfully!")
    })),
};

pub(super) static DEMOTE: Command = Command {
    name: "demote",
    synopsis: "Demotes a voter to a permanent non-voter",
    usage: "[options] SERVER",
    about: "Takes a server's vote away. It still receives all data.",
    examples: &[("", "{} operator raft demote node1")],
    action: Action::Run(Run::new(Arguments::ANY, Output::Format, |session, flags| {
        change(session, flags, "demote", "Error demoting server", "Server demoted successfully!")
    })),
};

/// Does to the one server named what `part` of the API does.
pub(super) fn change(session: &mut Session, flags: &Matches, part: &str, failed: &str, done: &str) -> Outcome {
    let [server] = &flags.arguments[..] else {
        return Err(incorrect(1, flags));
    };
    let server = server.trim();
    if server.is_empty() {
        return Err(Failure::local("Server id is required"));
    }
    let client = session.client(flags)?;
    let body = Map::of([("server_id", server.into())]);
    let changed = client.send(&Request::put(format!("sys/storage/raft/{part}")).json(body));
    let answer = changed.map_err(|error| Failure::server(format!("{failed}: {error}")))?;
    // A name that nobody has, when one is removed.
    tell_warnings(session, &answer);
    session.ui.output(done);
    Ok(Exit::OK)
}

/// A line each, on standard error.
pub(super) fn tell_warnings(session: &mut Session, answer: &Answer) {
    for warning in answer.map().map(|answer| answer.texts("warnings")).unwrap_or_default() {
        session.ui.warn(&format!("WARNING! {warning}"));
    }
}

pub(super) fn incorrect(expected: usize, flags: &Matches) -> Failure {
    Failure::local(format!("Incorrect arguments (expected {expected}, got {})", flags.arguments.len()))
}
