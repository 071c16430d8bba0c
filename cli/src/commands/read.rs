use super::path;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::{FIELD, Output};
use crate::input::{as_text_lists, read_data};
use crate::output::{Format, print_secret, secret_field};
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "read",
    synopsis: "Read data and retrieve secrets",
    usage: "[options] PATH [DATA K=V...]",
    about: "Reads what is at a path: a secret, generated credentials, a configuration.\n\n\
            Pairs of key and value go into the query.",
    examples: &[("Read a secret", "{} read secret/my-secret")],
    action: Action::Run(Run::new(Arguments::at_least(1, "1"), Output::FieldAndFormat, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = path::bare(&flags.arguments[0]);
    let data = read_data(&flags.arguments[1..], 2, &mut session.input(flags)).and_then(|data| as_text_lists(&data));
    let data = data.map_err(|error| Failure::local(format!("Failed to parse K=V data: {error}")))?;
    let request = data.iter().fold(Request::get(&*path), |request, (key, value)| request.query(key, value.as_str()));
    if session.ui.format == Format::Raw {
        let answer = client.send(&request);
        let answer = answer.map_err(|error| match error.status() {
            Some(404) => Failure::server(format!("No value found at {path}")),
            _ => Failure::server(format!("Error reading: {path}: {error}")),
        })?;
        session.ui.output(&String::from_utf8_lossy(&answer.body));
        return Ok(Exit::OK);
    }
    let reply = client.read_request(&request);
    let secret = reply.map_err(|error| Failure::server(format!("Error reading {path}: {error}")))?;
    let secret = secret.ok_or_else(|| Failure::server(format!("No value found at {path}")))?;
    match flags.get(&FIELD).as_str() {
        "" => print_secret(&mut session.ui, &secret),
        field => secret_field(&mut session.ui, &secret, field),
    }
}
