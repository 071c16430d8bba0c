use super::super::write::{done, refused};
use super::place::Place;
use super::versions::{GROUPS, VERSIONS, body};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::Outcome;
use crate::flags::Matches;
use crate::flags::output::{FIELD, Output};
use crate::output::{print_secret, secret_field};
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "delete",
    synopsis: "Deletes versions in the KV store",
    usage: "[options] KEY",
    about: "Deletes a secret: in version 2 its current version, or those that -versions names. They can be had back \
            with \"kv undelete\". In version 1 the secret is gone.",
    examples: &[
        ("", "{} kv delete -mount=secret foo"),
        ("Delete one version", "{} kv delete -mount=secret -versions=3 foo"),
    ],
    action: Action::Run(Run::new(Arguments::ONE, Output::FieldAndFormat, run).flags(GROUPS)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let place = Place::find(&client, flags, &flags.arguments[0])?;
    let path = place.api_path("data");
    let reply = if place.versioned && !flags.get(&VERSIONS).is_empty() {
        client.write(&place.api_path("delete"), body(flags))
    } else {
        client.delete(&path)
    };
    match reply {
        Err(error) => refused(session, &format!("Error deleting {path}"), &error),
        Ok(None) => Ok(done(session, &format!("Success! Data deleted (if it existed) at: {path}"))),
        Ok(Some(secret)) => match flags.get(&FIELD).as_str() {
            "" => print_secret(&mut session.ui, &secret),
            field => secret_field(&mut session.ui, &secret, field),
        },
    }
}
