use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "step-down",
    synopsis: "Forces the active server to let another lead",
    usage: "[options]",
    about: "Makes the active server give up the lead. It stays unsealed, and can come to lead again if no other does.",
    examples: &[("", "{} operator step-down")],
    action: Action::Run(Run::new(Arguments::NONE, Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    client
        .send(&Request::put("sys/step-down"))
        .map_err(|error| Failure::server(format!("Error stepping down: {error}")))?;
    session.ui.output(&format!("Success! Stepped down: {}", client.address()));
    Ok(Exit::OK)
}
