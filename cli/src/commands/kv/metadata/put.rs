use super::super::super::write::{done, refused};
use super::api_path;
use super::settings::{FOR_PUT, custom_metadata, given};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::Outcome;
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::print_secret;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "put",
    synopsis: "Sets or updates key settings in the KV store",
    usage: "[options] KEY",
    about: "Sets how a secret's versions are kept, and custom metadata. Custom metadata replaces what was there.",
    examples: &[
        ("", "{} kv metadata put -mount=secret -max-versions=5 -delete-version-after=3h25m19s foo"),
        ("Describe a secret", "{} kv metadata put -mount=secret -custom-metadata=owner=ops foo"),
    ],
    action: Action::Run(Run::new(Arguments::ONE, Output::Format, run).flags(FOR_PUT)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = api_path(&client, flags)?;
    let mut body = given(flags);
    let custom = custom_metadata(flags);
    if !custom.is_empty() {
        body.set("custom_metadata", custom.sorted().into());
    }
    match client.write(&path, body.sorted()) {
        Err(error) => refused(session, &format!("Error writing data to {path}"), &error),
        Ok(None) => Ok(done(session, &format!("Success! Data written to: {path}"))),
        Ok(Some(secret)) => print_secret(&mut session.ui, &secret),
    }
}
