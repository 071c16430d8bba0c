use super::write::done;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::{FIELD, Output};
use crate::output::{print_list, print_secret, secret_field};
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "unwrap",
    synopsis: "Unwrap a wrapped secret",
    usage: "[options] [TOKEN]",
    about: "Trades a wrapping token for the answer that it stands for. Without a token, the one in use is taken \
            for a wrapping token.",
    examples: &[("Unwrap an answer", "{} unwrap hvs.CAESI...")],
    action: Action::Run(Run::new(Arguments::OPTIONAL, Output::FieldAndFormat, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let token = flags.arguments.first().map(|token| token.trim()).unwrap_or_default();
    let mut client = session.client(flags)?;
    let reply = client.unwrap(token).map_err(|error| Failure::server(format!("Error unwrapping: {error}")))?;
    let Some(secret) = reply else {
        return Ok(done(session, "Successfully unwrapped. There was no data in the wrapped secret."));
    };
    let field = flags.get(&FIELD);
    if !field.is_empty() {
        return secret_field(&mut session.ui, &secret, &field);
    }
    match (secret.keys(), &secret.data) {
        (Some(_), Some(data)) => print_list(&mut session.ui, &secret.to_json(), data),
        _ => print_secret(&mut session.ui, &secret),
    }
}
