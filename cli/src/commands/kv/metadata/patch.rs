use super::super::super::write::{done, refused};
use super::api_path;
use super::settings::{FOR_PATCH, REMOVE_CUSTOM_METADATA, custom_metadata, given};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::Outcome;
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::print_secret;
use crate::session::Session;
use crate::value::Json;

pub(super) static COMMAND: Command = Command {
    name: "patch",
    synopsis: "Patches key settings in the KV store",
    usage: "[options] KEY",
    about: "Changes some of a secret's settings and leaves the others as they are.",
    examples: &[
        ("", "{} kv metadata patch -mount=secret -max-versions=5 foo"),
        ("Remove custom metadata", "{} kv metadata patch -mount=secret -remove-custom-metadata=owner foo"),
    ],
    action: Action::Run(Run::new(Arguments::ONE, Output::Format, run).flags(FOR_PATCH)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = api_path(&client, flags)?;
    let mut custom = custom_metadata(flags);
    for key in flags.get(&REMOVE_CUSTOM_METADATA) {
        custom.set(&key, Json::Null);
    }
    let mut body = given(flags);
    body.set("custom_metadata", custom.sorted().into());
    match client.merge_patch(&path, body.sorted()) {
        Err(error) => refused(session, &format!("Error writing data to {path}"), &error),
        Ok(None) => Ok(done(session, &format!("Success! Data written to: {path}"))),
        Ok(Some(secret)) => print_secret(&mut session.ui, &secret),
    }
}
