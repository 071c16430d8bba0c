use super::super::{mount, path};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "enable-versioning",
    synopsis: "Turns on versioning for a KV store",
    usage: "[options] MOUNT",
    about: "Makes a KV engine of version 1 one of version 2. It cannot be undone.",
    examples: &[("", "{} kv enable-versioning secret")],
    action: Action::Run(Run::new(Arguments::ONE, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = path::mount(&flags.arguments[0]);
    let options = vec![("version".to_owned(), "2".to_owned())];
    let tuned = mount::tune(&client, &path, mount::Tuning { options, ..Default::default() }, None);
    tuned.map_err(|error| Failure::server(format!("Error tuning secrets engine {path}: {error}")))?;
    session.ui.output(&format!("Success! Tuned the secrets engine at: {path}"));
    Ok(Exit::OK)
}
