use super::super::print::{map_banner, path_block};
use super::{MOUNT, api_path};
use crate::client::Secret;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches};
use crate::output::{Format, print_map, print_secret};
use crate::session::Session;
use crate::value::Json;

pub(super) static COMMAND: Command = Command {
    name: "get",
    synopsis: "Retrieves key metadata from the KV store",
    usage: "[options] KEY",
    about: "Prints what is known of a secret and of each of its versions.",
    examples: &[("", "{} kv metadata get -mount=secret foo")],
    action: Action::Run(
        Run::new(Arguments::ONE, Output::Format, run).flags(&[Group { title: "Common Options", flags: &[&MOUNT] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = api_path(&client, flags)?;
    let reply = client.read(&path).map_err(|error| Failure::server(format!("Error reading {path}: {error}")))?;
    let secret = reply.ok_or_else(|| Failure::server(format!("No value found at {path}")))?;
    if secret.wrap.is_some() || session.ui.format != Format::Table {
        return print_secret(&mut session.ui, &secret);
    }
    let mut data = secret.data.clone().unwrap_or_default();
    let Some(Json::Map(versions)) = data.remove("versions") else {
        session.ui.error(&format!("No value found at {path}"));
        print_secret(&mut session.ui, &secret)?;
        return Ok(Exit::SERVER);
    };
    path_block(session, "Metadata Path", &path);
    session.ui.output(&map_banner("Metadata", &data));
    print_secret(&mut session.ui, &Secret { data: Some(data), ..secret })?;
    let mut numbered = Vec::new();
    for (key, version) in versions.iter() {
        let number: u64 = key.parse().map_err(|_| Failure::server(format!("Error parsing version {key}")))?;
        numbered.push((number, version.as_map().cloned().unwrap_or_default()));
    }
    numbered.sort_by_key(|(number, _)| *number);
    for (number, version) in numbered {
        session.ui.output(&format!("\n{}", map_banner(&format!("Version {number}"), &version)));
        print_map(&mut session.ui, &version)?;
    }
    Ok(Exit::OK)
}
