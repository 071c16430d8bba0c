use super::super::write::{done, refused};
use super::MOUNT;
use super::place::Place;
use super::print::written;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Integer, Matches};
use crate::input::read_data;
use crate::session::Session;
use crate::value::{Json, Map};

static CAS: Integer = Integer::new(
    "cas",
    "Check and set: write only if this is the current version; 0 writes only if the key does not exist. \
     Without it nothing is checked.",
)
.or("-1");

pub(super) static COMMAND: Command = Command {
    name: "put",
    synopsis: "Sets or updates data in the KV store",
    usage: "[options] KEY [DATA]",
    about: "Writes a secret. In version 2 that makes a new version; either way it replaces all of the secret.\n\n\
            Data is given as for \"write\".",
    examples: &[
        ("", "{} kv put -mount=secret foo bar=baz"),
        ("Take the data from a file", "{} kv put -mount=secret foo @data.json"),
        ("Take one value from standard input", "echo abcd1234 | {} kv put -mount=secret foo bar=-"),
    ],
    action: Action::Run(
        Run::new(Arguments::at_least(1, ">1"), Output::FieldAndFormat, run)
            .flags(&[Group { title: "Common Options", flags: &[&CAS, &MOUNT] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    if flags.arguments.len() == 1 {
        return Err(Failure::local("Must supply data"));
    }
    let client = session.client(flags)?;
    let data = read_data(&flags.arguments[1..], 2, &mut session.input(flags));
    let mut data = data.map_err(|error| Failure::local(format!("Failed to parse K=V data: {error}")))?;
    let place = Place::find(&client, flags, &flags.arguments[0])?;
    if place.versioned {
        let cas = flags.get(&CAS);
        let options = if cas > -1 { Map::of([("cas", Json::number(cas))]) } else { Map::new() };
        data = Map::of([("data", data.into()), ("options", options.into())]);
    }
    let path = place.api_path("data");
    match client.write(&path, data) {
        Err(error) => refused(session, &format!("Error writing data to {path}"), &error),
        Ok(None) => Ok(done(session, &format!("Success! Data written to: {path}"))),
        Ok(Some(secret)) => written(session, flags, &path, &secret),
    }
}
