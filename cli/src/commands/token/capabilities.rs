use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::{Format, print};
use crate::session::Session;
use crate::value::{Json, Map};

pub(super) static COMMAND: Command = Command {
    name: "capabilities",
    synopsis: "Print capabilities of a token on a path",
    usage: "[options] [TOKEN] PATH",
    about: "Prints what a token may do at a path: the one in use if none is given.",
    examples: &[
        ("", "{} token capabilities cubbyhole/foo"),
        ("Of another token", "{} token capabilities 96ddf4bc-d217-f3ba-f9bd-017055595017 database/creds/readonly"),
    ],
    action: Action::Run(Run::new(Arguments::between(1, 2, "1-2"), Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let (token, path) = match &flags.arguments[..] {
        [token, path] if token != client.token().as_str() => (Some(token), path),
        [.., path] => (None, path),
        [] => return Err(Failure::local("Not enough arguments (expected 1-2, got 0)")),
    };
    let request = match token {
        Some(token) => Request::post("sys/capabilities")
            .json(Map::of([("path", Json::text(&**path)), ("token", Json::text(&**token))])),
        None => Request::post("sys/capabilities-self").json(Map::of([("path", Json::text(&**path))])),
    };
    let data = client.send(&request).and_then(|answer| answer.data());
    let data = data.map_err(|error| Failure::server(format!("Error listing capabilities: {error}")))?;
    let mut capabilities = data.texts(path);
    if capabilities.is_empty() {
        capabilities = data.texts("capabilities");
    }
    if capabilities.is_empty() {
        return Err(Failure::local("No capabilities found"));
    }
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &Json::texts(capabilities));
    }
    capabilities.sort();
    session.ui.output(&capabilities.join(", "));
    Ok(Exit::OK)
}
