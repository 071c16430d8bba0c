use std::fs::File;

use super::super::membership::{incorrect, tell_warnings};
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Switch};
use crate::session::Session;

static FORCE: Switch = Switch::new(
    "force",
    "Restore also a snapshot of another cluster: afterwards its unseal keys are the ones that count.",
)
.or("false");

pub(super) static COMMAND: Command = Command {
    name: "restore",
    synopsis: "Installs the provided snapshot, returning the cluster to the state defined in it",
    usage: "[options] FILE",
    about: "Puts all data of the cluster back to what a snapshot holds. What was written since is lost.",
    examples: &[("", "{} operator raft snapshot restore raft.snap")],
    action: Action::Run(
        Run::new(Arguments::ANY.files(), Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&FORCE] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let [path] = &flags.arguments[..] else {
        return Err(incorrect(1, flags));
    };
    let path = path.trim();
    if path.is_empty() {
        return Err(Failure::local("Snapshot file name is required"));
    }
    let file =
        File::open(path).map_err(|error| Failure::server(format!("Error opening snapshot file {path}: {error}")))?;
    let client = session.client(flags)?;
    let part = if flags.get(&FORCE) { "snapshot-force" } else { "snapshot" };
    let request = Request::post(format!("sys/storage/raft/{part}")).file(file).without_time_limit();
    let answer =
        client.send(&request).map_err(|error| Failure::server(format!("Error installing the snapshot: {error}")))?;
    // Which keys are wanted from now on, where they are others than before.
    tell_warnings(session, &answer);
    Ok(Exit::OK)
}
