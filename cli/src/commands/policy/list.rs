use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::{Format, print};
use crate::session::Session;
use crate::value::Json;

pub(super) static COMMAND: Command = Command {
    name: "list",
    synopsis: "Lists the installed policies",
    usage: "[options]",
    about: "Lists the names of all policies of a server.",
    examples: &[("", "{} policy list")],
    action: Action::Run(Run::new(Arguments::NONE, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let names = client.send(&Request::list("sys/policies/acl")).and_then(|answer| answer.data());
    let names = names.map_err(|error| Failure::server(format!("Error listing policies: {error}")))?.texts("keys");
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &Json::texts(names));
    }
    names.iter().for_each(|name| session.ui.output(name));
    Ok(Exit::OK)
}
