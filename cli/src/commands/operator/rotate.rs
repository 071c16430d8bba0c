use super::key_status;
use crate::client::{Client, Request, RequestError};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::output::Format;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "rotate",
    synopsis: "Rotates the underlying encryption key",
    usage: "[options]",
    about: "Makes a new key for what is written from now on. What was written before stays readable. It takes no \
            shares of the unseal key, and changes none.",
    examples: &[("", "{} operator rotate")],
    action: Action::Run(Run::new(Arguments::NONE, Output::Format, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    rotate(&client).map_err(|error| Failure::server(format!("Error rotating key: {error}")))?;
    let status = key_status::read(&client)?;
    if session.ui.format == Format::Table {
        session.ui.output("Success! Rotated key\n");
    }
    key_status::show(session, &status)
}

fn rotate(client: &Client) -> Result<(), RequestError> {
    client.send(&Request::post("sys/rotate")).map(|_| ())
}
