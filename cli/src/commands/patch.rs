use super::write::{FORCE_GROUP, report, target};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::Outcome;
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "patch",
    synopsis: "Patch data, configuration, and secrets",
    usage: "[options] PATH [DATA K=V...]",
    about: "Changes some fields of what is at a path and leaves the others as they are.\n\n\
            Data is given as for \"write\".",
    examples: &[
        ("Change one field", "{} patch pki/roles/example allow_localhost=false"),
        ("Take the fields from a file", "{} patch pki/roles/example @role.json"),
    ],
    action: Action::Run(Run::new(Arguments::at_least(1, "1"), Output::FieldAndFormat, run).flags(FORCE_GROUP)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let (path, data) = target(session, flags)?;
    let client = session.client(flags)?;
    let reply = client.merge_patch(&path, data);
    report(session, flags, &path, reply)
}
