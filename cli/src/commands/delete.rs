use super::path;
use super::write::{done, refused};
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::{FIELD, Output};
use crate::input::{as_text_lists, read_data};
use crate::output::{print_secret, secret_field};
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "delete",
    synopsis: "Delete secrets and configuration",
    usage: "[options] PATH [DATA K=V...]",
    about: "Deletes what is at a path. What that means is up to what is mounted there.",
    examples: &[("Delete a secret", "{} delete secret/my-secret")],
    action: Action::Run(Run::new(Arguments::at_least(1, "at least 1"), Output::FieldAndFormat, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = path::bare(&flags.arguments[0]);
    let data = read_data(&flags.arguments[1..], 2, &mut session.input(flags)).and_then(|data| as_text_lists(&data));
    let data = data.map_err(|error| Failure::local(format!("Failed to parse string list data: {error}")))?;
    let request = data.iter().fold(Request::delete(&*path), |request, (key, value)| request.query(key, value.as_str()));
    match client.send(&request).and_then(|answer| answer.secret()) {
        Err(error) => refused(session, &format!("Error deleting {path}"), &error),
        Ok(None) => Ok(done(session, &format!("Success! Data deleted (if it existed) at: {path}"))),
        Ok(Some(secret)) => match flags.get(&FIELD).as_str() {
            "" => print_secret(&mut session.ui, &secret),
            field => secret_field(&mut session.ui, &secret, field),
        },
    }
}
