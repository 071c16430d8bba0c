use super::super::mount::{self, *};
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches};
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "enable",
    synopsis: "Enable a secrets engine",
    usage: "[options] TYPE",
    about: "Mounts a secrets engine of a type, at the path of that name or another.",
    examples: &[
        ("Enable the KV engine, version 2, at kv/", "{} secrets enable -version=2 kv"),
        ("Enable it at another path", "{} secrets enable -path=my-secrets kv"),
    ],
    action: Action::Run(Run::new(Arguments::ONE, Output::None, run).flags(&[Group {
        title: "Command Options",
        flags: &[
            &ALLOWED_RESPONSE_HEADERS,
            &AUDIT_NON_HMAC_REQUEST_KEYS,
            &AUDIT_NON_HMAC_RESPONSE_KEYS,
            &DEFAULT_LEASE_TTL,
            &DESCRIPTION,
            &EXTERNAL_ENTROPY_ACCESS,
            &FORCE_NO_CACHE,
            &LISTING_VISIBILITY,
            &LOCAL,
            &MAX_LEASE_TTL,
            &OPTIONS,
            &PASSTHROUGH_REQUEST_HEADERS,
            &PATH,
            &PLUGIN_NAME,
            &PLUGIN_VERSION,
            &SEAL_WRAP,
            &VERSION,
        ],
    }])),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let (kind, path) = mount::kind_and_path(flags);
    let request = Request::post(format!("sys/mounts/{path}")).json(mount::enabling(flags, &kind));
    client.send(&request).map_err(|error| Failure::server(format!("Error enabling: {error}")))?;
    let version = mount::version_suffix(flags);
    session.ui.output(&format!("Success! Enabled the {kind} secrets engine{version} at: {path}"));
    Ok(Exit::OK)
}
