use crate::client::{Request, RequestError};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::{Format, print};
use crate::session::Session;
use crate::value::{Json, Map};

pub(super) static COMMAND: Command = Command {
    name: "read",
    synopsis: "Prints the contents of a policy",
    usage: "[options] NAME",
    about: "Prints a policy as it was written, with its own spaces and comments.",
    examples: &[("", "{} policy read my-policy")],
    action: Action::Run(Run::new(Arguments::ONE, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let name = flags.arguments[0].trim().to_lowercase();
    let rules = match client.send(&Request::get(format!("sys/policies/acl/{name}"))).and_then(|answer| answer.data()) {
        Ok(data) => data.text("policy").to_owned(),
        Err(RequestError::Status(error)) if error.code() == 404 => String::new(),
        Err(error) => return Err(Failure::server(format!("Error reading policy named {name}: {error}"))),
    };
    if rules.is_empty() {
        return Err(Failure::server(format!("No policy named: {name}")));
    }
    if session.ui.format == Format::Table {
        session.ui.output(rules.trim());
        return Ok(Exit::OK);
    }
    print(&mut session.ui, &Map::of([("policy", Json::text(rules))]).into())
}
