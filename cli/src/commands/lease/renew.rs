use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Time};
use crate::output::print_secret;
use crate::session::Session;
use crate::value::{Json, Map};

static INCREMENT: Time = Time::new("increment", "By how much to renew. The server need not heed it.");

pub(super) static COMMAND: Command = Command {
    name: "renew",
    synopsis: "Renews the lease of a secret",
    usage: "[options] ID",
    about: "Extends the time that a secret can be used for before it is revoked.",
    examples: &[("", "{} lease renew database/creds/readonly/2f6a614c")],
    action: Action::Run(
        Run::new(Arguments::between(0, 1, "1-2"), Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&INCREMENT] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let id = flags.arguments.first().ok_or_else(|| Failure::local("Missing ID!"))?.trim();
    let client = session.client(flags)?;
    let increment = flags.get(&INCREMENT).whole_seconds().max(0);
    let body = Map::of([("increment", Json::number(increment)), ("lease_id", id.into())]);
    let reply = client.send(&Request::put("sys/leases/renew").json(body)).and_then(|answer| answer.secret());
    match reply.map_err(|error| Failure::server(format!("Error renewing {id}: {error}")))? {
        Some(secret) => print_secret(&mut session.ui, &secret),
        None => Ok(Exit::OK),
    }
}
