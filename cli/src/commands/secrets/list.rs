use super::super::mount::{self, DETAILED, Listing};
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches};
use crate::session::Session;

static LISTING: Listing = Listing {
    simple: &[("Type", "type"), ("Accessor", "accessor"), ("Description", "description")],
    sixth: ("Force No Cache", |config| config.bool("force_no_cache").to_string()),
};

pub(super) static COMMAND: Command = Command {
    name: "list",
    synopsis: "List enabled secrets engines",
    usage: "[options]",
    about: "Lists the secrets engines of a server. A TTL of \"system\" is the server's default.",
    examples: &[("", "{} secrets list"), ("With all settings", "{} secrets list -detailed")],
    action: Action::Run(
        Run::new(Arguments::NONE, Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&DETAILED] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let mounts = client.send(&Request::get("sys/mounts")).and_then(|answer| answer.data());
    let mounts = mounts.map_err(|error| Failure::server(format!("Error listing secrets engines: {error}")))?;
    mount::list(session, flags, &mounts, &LISTING)
}
