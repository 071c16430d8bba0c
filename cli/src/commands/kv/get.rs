use super::super::write::refused;
use super::MOUNT;
use super::place::{self, Place};
use super::print::{map_block, path_block};
use crate::client::Secret;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::{FIELD, Output};
use crate::flags::{Group, Integer, Matches};
use crate::output::{Format, print_field, print_secret, print_warnings, secret_field};
use crate::session::Session;
use crate::value::Json;

static VERSION: Integer = Integer::new("version", "Version to read, instead of the current one.");

pub(super) static COMMAND: Command = Command {
    name: "get",
    synopsis: "Retrieves data from the KV store",
    usage: "[options] KEY",
    about: "Prints a secret and, in version 2, what is known of it.",
    examples: &[
        ("", "{} kv get -mount=secret foo"),
        ("Print one of its versions", "{} kv get -mount=secret -version=1 foo"),
        ("Print one field alone", "{} kv get -mount=secret -field=password foo"),
    ],
    action: Action::Run(
        Run::new(Arguments::ONE, Output::FieldAndFormat, run)
            .flags(&[Group { title: "Common Options", flags: &[&MOUNT, &VERSION] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let place = Place::find(&client, flags, &flags.arguments[0])?;
    let path = place.api_path("data");
    let version = Some(flags.get(&VERSION)).filter(|version| place.versioned && *version > 0);
    let secret = match place::read(&client, &path, version) {
        Err(error) => return refused(session, &format!("Error reading {path}"), &error),
        Ok(None) => return Err(Failure::server(format!("No value found at {path}"))),
        Ok(Some(secret)) => secret,
    };
    let field = flags.get(&FIELD);
    if !field.is_empty() {
        return if place.versioned {
            field_of(session, &secret, &path, &field)
        } else {
            secret_field(&mut session.ui, &secret, &field)
        };
    }
    if secret.wrap.is_some() || session.ui.format != Format::Table {
        return print_secret(&mut session.ui, &secret);
    }
    print_warnings(&mut session.ui, &secret);
    if place.versioned {
        path_block(session, "Secret Path", &path);
    }
    let data = secret.data.clone().unwrap_or_default();
    if let Some(metadata) = data.get("metadata").and_then(Json::as_map) {
        map_block(session, "Metadata", metadata)?;
        session.ui.output("");
    }
    let shown = if place.versioned { data.get("data").and_then(Json::as_map).cloned() } else { secret.data };
    if let Some(shown) = shown {
        map_block(session, "Data", &shown)?;
    }
    Ok(Exit::OK)
}

/// In version 2 the fields are those of the secret itself; `data` is all of it, unless it has such a field.
fn field_of(session: &mut Session, secret: &Secret, path: &str, field: &str) -> Outcome {
    let data = secret.data.as_ref().and_then(|data| data.get("data"));
    let data = data.ok_or_else(|| Failure::server(format!("No data found at {path}")))?;
    let value = data.as_map().and_then(|map| map.get(field).cloned());
    if field == "data" && value.is_none() {
        return secret_field(&mut session.ui, secret, field);
    }
    print_field(&mut session.ui, value, field, "map")
}
