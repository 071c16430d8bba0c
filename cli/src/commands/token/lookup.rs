use super::ACCESSOR;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::{FIELD, Output};
use crate::flags::{Group, Matches};
use crate::output::{print_secret, secret_field};
use crate::session::Session;
use crate::value::Map;

pub(super) static COMMAND: Command = Command {
    name: "lookup",
    synopsis: "Display information about a token",
    usage: "[options] [TOKEN | ACCESSOR]",
    about: "Prints what a server knows of a token: of the one in use if none is given.",
    examples: &[
        ("", "{} token lookup"),
        ("By accessor", "{} token lookup -accessor 9793c9b3-e04a-46f3-e7b8-748d7da248da"),
    ],
    action: Action::Run(
        Run::new(Arguments::ANY, Output::FieldAndFormat, run)
            .flags(&[Group { title: "Command Options", flags: &[&ACCESSOR] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let by_accessor = flags.get(&ACCESSOR);
    let count = flags.arguments.len();
    let complaint = match (by_accessor, count) {
        (true, 0) => Some(format!("Not enough arguments with -accessor (expected 1, got {count})")),
        (true, 2..) => Some(format!("Too many arguments with -accessor (expected 1, got {count})")),
        (false, 2..) => Some(format!("Too many arguments (expected 0-1, got {count})")),
        _ => None,
    };
    if let Some(complaint) = complaint {
        return Err(Failure::local(complaint));
    }
    let client = session.client(flags)?;
    let typed = flags.arguments.first().map(|typed| typed.trim()).unwrap_or_default();
    let request = match (typed, by_accessor) {
        ("", _) => Request::get("auth/token/lookup-self"),
        (accessor, true) => Request::post("auth/token/lookup-accessor").json(Map::of([("accessor", accessor.into())])),
        (token, false) => Request::post("auth/token/lookup").json(Map::of([("token", token.into())])),
    };
    let reply = client.send(&request).and_then(|answer| answer.secret());
    let secret = reply.map_err(|error| Failure::server(format!("Error looking up token: {error}")))?;
    let Some(secret) = secret else {
        return Ok(Exit::OK);
    };
    match flags.get(&FIELD).as_str() {
        "" => print_secret(&mut session.ui, &secret),
        field => secret_field(&mut session.ui, &secret, field),
    }
}
