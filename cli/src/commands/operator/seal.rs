use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "seal",
    synopsis: "Seals the server",
    usage: "[options]",
    about: "Seals a server: it forgets its keys and serves nothing until it is unsealed again. For emergencies. \
            It takes root or sudo permission.",
    examples: &[("", "{} operator seal")],
    action: Action::Run(Run::new(Arguments::NONE, Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    client.send(&Request::put("sys/seal")).map_err(|error| Failure::server(format!("Error sealing: {error}")))?;
    session.ui.output("Success! Vault is sealed.");
    Ok(Exit::OK)
}
