use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::print_secret;
use crate::session::Session;
use crate::value::Map;

pub(super) static COMMAND: Command = Command {
    name: "lookup",
    synopsis: "Lookup the lease of a secret",
    usage: "[options] ID",
    about: "Prints what a server knows of a lease.",
    examples: &[("", "{} lease lookup database/creds/readonly/2f6a614c")],
    action: Action::Run(Run::new(Arguments::between(0, 1, "1"), Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let id = flags.arguments.first().ok_or_else(|| Failure::local("Missing ID!"))?.trim();
    let client = session.client(flags)?;
    let request = Request::put("sys/leases/lookup").json(Map::of([("lease_id", id.into())]));
    let reply = client.send(&request).and_then(|answer| answer.secret());
    match reply.map_err(|error| Failure::server(format!("error looking up lease id {id}: {error}")))? {
        Some(secret) => print_secret(&mut session.ui, &secret),
        None => Ok(Exit::OK),
    }
}
