use super::super::list::report;
use super::MOUNT;
use super::place::Place;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches};
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "list",
    synopsis: "List data or secrets",
    usage: "[options] PATH",
    about: "Lists the keys in a folder of a KV engine.",
    examples: &[("", "{} kv list -mount=secret my-app/")],
    action: Action::Run(
        Run::new(Arguments::between(0, 1, "1"), Output::Format, run)
            .flags(&[Group { title: "Common Options", flags: &[&MOUNT] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let typed = match flags.arguments.first() {
        Some(typed) => typed.as_str(),
        None if flags.get(&MOUNT).is_empty() => {
            return Err(Failure::local("Not enough arguments (expected 1, got 0)"));
        }
        None => "",
    };
    let client = session.client(flags)?;
    let path = Place::find(&client, flags, typed)?.api_path("metadata");
    report(session, &path, client.list(&path), false)
}
