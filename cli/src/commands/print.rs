use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command =
    Command::group("print", "Prints runtime configurations", "Prints what the client works with.", &[], &[&TOKEN]);

static TOKEN: Command = Command {
    name: "token",
    synopsis: "Prints the token currently in use",
    usage: "",
    about: "Prints the token that commands send, from the environment or the token helper.",
    examples: &[("", "{} print token")],
    action: Action::Run(Run::new(Arguments::ANY, Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    session.ui.output(client.token());
    Ok(Exit::OK)
}
