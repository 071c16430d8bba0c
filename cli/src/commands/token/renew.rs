use super::ACCESSOR;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Time};
use crate::output::print_secret;
use crate::session::Session;
use crate::value::{Json, Map};

static INCREMENT: Time = Time::new(
    "increment",
    "By how much to renew, such as \"30s\" or \"5m\". The server need not heed it; without it the default TTL holds.",
)
.alias("i");

pub(super) static COMMAND: Command = Command {
    name: "renew",
    synopsis: "Renew a token lease",
    usage: "[options] [TOKEN]",
    about: "Extends a token's life: that of the one in use if none is given. Only renewable tokens can be renewed.",
    examples: &[("", "{} token renew"), ("By a given time", "{} token renew -increment=30m 96ddf4bc-d217-f3ba")],
    action: Action::Run(
        Run::new(Arguments::between(0, 1, "1"), Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&ACCESSOR, &INCREMENT] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let typed = flags.arguments.first().map(|typed| typed.trim()).unwrap_or_default();
    let increment = Json::number(flags.get(&INCREMENT).whole_seconds().max(0));
    let request = match (typed, flags.get(&ACCESSOR)) {
        ("", _) => Request::put("auth/token/renew-self").json(Map::of([("increment", increment)])),
        (accessor, true) => Request::post("auth/token/renew-accessor")
            .json(Map::of([("accessor", accessor.into()), ("increment", increment)])),
        (token, false) => {
            Request::put("auth/token/renew").json(Map::of([("increment", increment), ("token", token.into())]))
        }
    };
    let reply = client.send(&request).and_then(|answer| answer.secret());
    match reply.map_err(|error| Failure::server(format!("Error renewing token: {error}")))? {
        Some(secret) => print_secret(&mut session.ui, &secret),
        None => Ok(Exit::OK),
    }
}
