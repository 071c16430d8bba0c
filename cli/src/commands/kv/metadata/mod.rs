//! `kv metadata`: what is known of a secret, over all its versions.

mod delete;
mod get;
mod patch;
mod put;
mod settings;

use super::MOUNT;
use super::place::Place;
use crate::client::Client;
use crate::command::Command;
use crate::exit::Failure;
use crate::flags::Matches;

pub(super) static COMMAND: Command = Command::group(
    "metadata",
    "Interact with the metadata of secrets in the Key-Value storage",
    "Reads and sets what a KV engine of version 2 knows of a secret.",
    &[
        ("Set how many versions are kept", "{} kv metadata put -mount=secret -max-versions=5 foo"),
        ("Read what is known of a secret and its versions", "{} kv metadata get -mount=secret foo"),
        ("Delete a secret and all its versions", "{} kv metadata delete -mount=secret foo"),
    ],
    &[&delete::COMMAND, &get::COMMAND, &patch::COMMAND, &put::COMMAND],
);

/// The API's path of the metadata of the secret named by the one argument.
fn api_path(client: &Client, flags: &Matches) -> Result<String, Failure> {
    let place = Place::find(client, flags, &flags.arguments[0])?;
    place.must_be_versioned(Failure::local("Metadata not supported on KV Version 1"))?;
    Ok(place.api_path("metadata"))
}
