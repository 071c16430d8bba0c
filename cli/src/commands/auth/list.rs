use super::super::mount::{self, DETAILED, Listing};
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches};
use crate::session::Session;

static LISTING: Listing = Listing {
    simple: &[
        ("Type", "type"),
        ("Accessor", "accessor"),
        ("Description", "description"),
        ("Version", "plugin_version"),
    ],
    sixth: ("Token Type", |config| config.text("token_type").to_owned()),
};

pub(super) static COMMAND: Command = Command {
    name: "list",
    synopsis: "Lists enabled auth methods",
    usage: "[options]",
    about: "Lists the auth methods of a server. A TTL of \"system\" is the server's default.",
    examples: &[("", "{} auth list"), ("With all settings", "{} auth list -detailed")],
    action: Action::Run(
        Run::new(Arguments::NONE, Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&DETAILED] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let mounts = client.send(&Request::get("sys/auth")).and_then(|answer| answer.data());
    let mounts = mounts.map_err(|error| Failure::server(format!("Error listing enabled authentications: {error}")))?;
    mount::list(session, flags, &mounts, &LISTING)
}
