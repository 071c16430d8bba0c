use super::super::write::done;
use super::MOUNT;
use super::patch::{current_of, rewrite};
use super::place::{Place, request};
use crate::client::Client;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Integer, Matches};
use crate::output::print_secret;
use crate::session::Session;
use crate::value::{Json, Map};

static VERSION: Integer = Integer::new("version", "Number of the version to make current again.");

pub(super) static COMMAND: Command = Command {
    name: "rollback",
    synopsis: "Rolls back to a previous version of data",
    usage: "[options] KEY",
    about: "Writes an earlier version of a secret again, as a new version. Only in version 2, and not for a version \
            that was deleted or destroyed.",
    examples: &[("", "{} kv rollback -mount=secret -version=2 foo")],
    action: Action::Run(
        Run::new(Arguments::ANY, Output::Format, run)
            .flags(&[Group { title: "Common Options", flags: &[&MOUNT, &VERSION] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let version = flags.get(&VERSION);
    let complaint = match flags.arguments.len() {
        1 if !flags.given(&VERSION) => Some("Version flag must be specified".to_owned()),
        1 if version <= 0 => Some(format!("Invalid value {version} for the version flag")),
        1 => None,
        count => Some(format!("Invalid number of arguments (expected 1, got {count})")),
    };
    if let Some(complaint) = complaint {
        return Err(Failure::local(complaint));
    }
    let client = session.client(flags)?;
    let place = Place::find(&client, flags, &flags.arguments[0])?;
    place.must_be_versioned(Failure::server("K/V engine mount must be version 2 for rollback support"))?;
    let path = place.api_path("data");
    let current = metadata_of(&client, &path, None)?.1;
    let (answer, metadata) = metadata_of(&client, &path, Some(version))?;
    if !metadata.text("deletion_time").is_empty() {
        return Err(Failure::server("Cannot roll back to a version that has been deleted"));
    }
    if metadata.bool("destroyed") {
        return Err(Failure::server("Cannot roll back to a version that has been destroyed"));
    }
    let (_, data) = current_of(Some(answer), &path, "rollback")?;
    let cas = current.get("version").cloned().unwrap_or(Json::Null);
    match client.write(&path, rewrite(data, cas)) {
        Err(error) => Err(Failure::server(format!("Error writing data to {path}: {error}"))),
        Ok(None) => Ok(done(session, &format!("Success! Data written to: {path}"))),
        Ok(Some(secret)) => print_secret(&mut session.ui, &secret),
    }
}

/// The answer's data, and the metadata in it.
fn metadata_of(client: &Client, path: &str, version: Option<i64>) -> Result<(Map, Map), Failure> {
    let read = client.read_request(&request(path, version).always_sent());
    let read = read.map_err(|error| Failure::server(format!("Error doing pre-read at {path}: {error}")))?;
    let answer = read.and_then(|secret| secret.data);
    let answer = answer.ok_or_else(|| Failure::server(format!("No value found at {path}")))?;
    let metadata = answer
        .get("metadata")
        .ok_or_else(|| Failure::server(format!("No metadata found at {path}; rollback only works on existing data")))?;
    let metadata = metadata
        .as_map()
        .cloned()
        .ok_or_else(|| Failure::server(format!("Metadata found at {path} is not the expected type (JSON object)")))?;
    Ok((answer, metadata))
}
