use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "delete",
    synopsis: "Deletes a policy by name",
    usage: "[options] NAME",
    about: "Deletes a policy. Tokens that have it lose what it allowed at once. The policies \"default\" and \"root\" \
            cannot be deleted.",
    examples: &[("", "{} policy delete my-policy")],
    action: Action::Run(Run::new(Arguments::ONE, Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let name = flags.arguments[0].trim().to_lowercase();
    client
        .send(&Request::delete(format!("sys/policies/acl/{name}")))
        .map_err(|error| Failure::server(format!("Error deleting {name}: {error}")))?;
    session.ui.output(&format!("Success! Deleted policy: {name}"));
    Ok(Exit::OK)
}
