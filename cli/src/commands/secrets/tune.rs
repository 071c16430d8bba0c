use super::super::mount::{self, *};
use super::super::path;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches};
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "tune",
    synopsis: "Tune a secrets engine configuration",
    usage: "[options] PATH",
    about: "Changes settings of the engine at a path, by path and not by type.",
    examples: &[("", "{} secrets tune -default-lease-ttl=72h pki/")],
    action: Action::Run(Run::new(Arguments::ONE, Output::None, run).flags(&[Group {
        title: "Command Options",
        flags: &[
            &ALLOWED_RESPONSE_HEADERS,
            &AUDIT_NON_HMAC_REQUEST_KEYS,
            &AUDIT_NON_HMAC_RESPONSE_KEYS,
            &DEFAULT_LEASE_TTL,
            &DESCRIPTION,
            &LISTING_VISIBILITY,
            &MAX_LEASE_TTL,
            &OPTIONS,
            &PASSTHROUGH_REQUEST_HEADERS,
            &PLUGIN_VERSION,
            &VERSION,
        ],
    }])),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = path::mount(&flags.arguments[0]);
    let tuned = mount::tune(&client, &path, Tuning::of_flags(flags), None);
    tuned.map_err(|error| Failure::server(format!("Error tuning secrets engine {path}: {error}")))?;
    session.ui.output(&format!("Success! Tuned the secrets engine at: {path}"));
    Ok(Exit::OK)
}
