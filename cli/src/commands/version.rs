use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "version",
    synopsis: "Prints the version of this program",
    usage: "",
    about: "Prints the version of this program, not that of a server. Arguments are passed over.",
    examples: &[("", "{} version")],
    action: Action::Run(Run::new(Arguments::ANY, Output::None, run)),
};

fn run(session: &mut Session, _: &Matches) -> Outcome {
    let version = session.version.clone();
    session.ui.output(&version);
    Ok(Exit::OK)
}
