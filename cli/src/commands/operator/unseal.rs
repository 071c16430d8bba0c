use zeroize::Zeroizing;

use super::super::status::Status;
use super::ceremony::{ask, refuse_without_terminal};
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Switch};
use crate::session::Session;
use crate::value::{Json, Map};

static MIGRATE: Switch =
    Switch::new("migrate", "The share is part of a change from one kind of seal to another. Not built.").or("false");
static RESET: Switch = Switch::new("reset", "Forget the shares that were handed in.").or("false");
static FOLLOWERS: Switch = Switch::new(
    "followers",
    "After a restart of all nodes, the last share has the leader unseal the others too; false leaves them sealed.",
)
.or("true");

pub(super) static COMMAND: Command = Command {
    name: "unseal",
    synopsis: "Unseals the server",
    usage: "[options] [KEY]",
    about: "Hands in one share of the unseal key. When there are enough of them the server is unsealed.\n\n\
            Without a share it is asked for and not shown: a share on the command line can be seen by others on this \
            machine, and is kept in the shell's history.",
    examples: &[("", "{} operator unseal")],
    action: Action::Run(
        Run::new(Arguments::between(0, 1, "1"), Output::Format, run)
            .flags(&[Group { title: "Command Options", flags: &[&MIGRATE, &RESET, &FOLLOWERS] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    if flags.get(&MIGRATE) {
        return Err(Failure::local("Migration to another kind of seal (-migrate) is not built."));
    }
    let client = session.client(flags)?;
    let (body, what) = if flags.get(&RESET) {
        let body = Map::of([("reset", true.into())]);
        (body, "Error resetting unseal process")
    } else {
        let key = match flags.arguments.first().map(|typed| typed.trim()) {
            Some(typed) if !typed.is_empty() => Zeroizing::new(typed.to_owned()),
            _ => {
                refuse_without_terminal(flags, "specify unseal key as an argument to this command")?;
                let asked = ask(session, "Unseal", "an", false)?;
                Zeroizing::new(asked.trim().to_owned())
            }
        };
        let mut body = Map::of([("key", Json::Text(key)), ("reset", false.into()), ("migrate", false.into())]);
        if !flags.get(&FOLLOWERS) {
            body.set("followers", false.into());
        }
        (body, "Error unsealing")
    };
    let seal = client.send(&Request::put("sys/unseal").json(body)).and_then(|answer| answer.map());
    let seal = seal.map_err(|error| Failure::server(format!("{what}: {error}")))?;
    Status::of(&client, &seal)?.print(session)
}
