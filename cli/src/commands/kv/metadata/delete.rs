use super::super::super::write::refused;
use super::{MOUNT, api_path};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches};
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "delete",
    synopsis: "Deletes all versions and metadata for a key in the KV store",
    usage: "[options] KEY",
    about: "Deletes a secret with all its versions and all that is known of it, for good.",
    examples: &[("", "{} kv metadata delete -mount=secret foo")],
    action: Action::Run(
        Run::new(Arguments::ONE, Output::None, run).flags(&[Group { title: "Common Options", flags: &[&MOUNT] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = api_path(&client, flags)?;
    if let Err(error) = client.delete(&path) {
        return refused(session, &format!("Error deleting {path}"), &error);
    }
    session.ui.output(&format!("Success! Data deleted (if it existed) at: {path}"));
    Ok(Exit::OK)
}
