use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Switch};
use crate::session::Session;
use crate::value::Map;
use crate::wrap::wrap;

static FORCE: Switch = Switch::new(
    "force",
    "Drop the lease even if the secret cannot be revoked where it lives. For recovery only; it needs -prefix.",
)
.alias("f")
.or("false");
static PREFIX: Switch = Switch::new("prefix", "The ID is the start of lease IDs: all of them are revoked.").or("false");
static SYNC: Switch = Switch::new("sync", "Wait until the leases are revoked; a failure is then reported.").or("false");

pub(super) static COMMAND: Command = Command {
    name: "revoke",
    synopsis: "Revokes leases and secrets",
    usage: "[options] ID",
    about: "Ends a lease: its secret can be used no more.",
    examples: &[
        ("", "{} lease revoke database/creds/readonly/2f6a614c"),
        ("All leases of a role", "{} lease revoke -prefix database/creds/readonly"),
    ],
    action: Action::Run(
        Run::new(Arguments::ONE, Output::None, run)
            .flags(&[Group { title: "Command Options", flags: &[&FORCE, &PREFIX, &SYNC] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let (force, prefix, sync) = (flags.get(&FORCE), flags.get(&PREFIX), flags.get(&SYNC));
    if force && !prefix {
        return Err(Failure::local("Specifying -force requires also specifying -prefix"));
    }
    let client = session.client(flags)?;
    let id = flags.arguments[0].trim();
    if force {
        session
            .ui
            .warn(&wrap("Warning! Force-removing leases can cause Vault to become out of sync with secret engines!"));
    }
    let body = || Map::of([("sync", sync.into())]);
    let (request, what) = if force {
        (Request::put(format!("sys/leases/revoke-force/{id}")), "force revoking leases with prefix")
    } else if prefix {
        (Request::put(format!("sys/leases/revoke-prefix/{id}")).json(body()), "revoking leases with prefix")
    } else {
        (Request::put(format!("sys/leases/revoke/{id}")).json(body()), "revoking lease")
    };
    client.send(&request).map_err(|error| Failure::server(format!("Error {what} {id}: {error}")))?;
    let line = match (force, sync, prefix) {
        (true, ..) => format!("Success! Force revoked any leases with prefix: {id}"),
        (_, true, true) => format!("Success! Revoked any leases with prefix: {id}"),
        (_, true, false) => format!("Success! Revoked lease: {id}"),
        _ => "All revocation operations queued successfully!".to_owned(),
    };
    session.ui.output(&line);
    Ok(Exit::OK)
}
