use super::path;
use crate::client::{Reply, Request};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Integer, Matches, Text};
use crate::output::{Format, print_list, print_map, print_secret};
use crate::session::Session;
use crate::value::Map;

static AFTER: Text =
    Text::new("after", "List only keys that come after this one, where a path can be listed in pages.");
static LIMIT: Integer =
    Integer::new("limit", "List at most this many keys, where a path can be listed in pages.").or("-1");

pub(super) static COMMAND: Command = Command {
    name: "list",
    synopsis: "List data or secrets",
    usage: "[options] PATH",
    about: "Lists the keys at a path. Not every engine can.",
    examples: &[
        ("List a folder", "{} list secret/my-app/"),
        ("List in pages", "{} list -after=last-key -limit=50 identity/entity/id"),
        ("List with what the server knows of each key", "{} list -detailed identity/entity/id"),
    ],
    action: Action::Run(
        Run::new(Arguments::ONE, Output::FormatAndDetailed, run)
            .flags(&[Group { title: "Command Options", flags: &[&AFTER, &LIMIT] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let path = path::bare(&flags.arguments[0]);
    let (after, limit) = (flags.get(&AFTER), flags.get(&LIMIT));
    let mut request = Request::list(&*path);
    if !after.is_empty() || limit > 0 {
        request = request.query("after", after).query("limit", limit.to_string());
    }
    report(session, &path, client.read_request(&request), true)
}

/// Prints the answer to a list request. `loose`: one without data is shown for its warnings.
pub(super) fn report(session: &mut Session, path: &str, reply: Reply, loose: bool) -> Outcome {
    let secret = reply.map_err(|error| Failure::server(format!("Error listing {path}: {error}")))?;
    if let Some(secret) = secret.as_ref().filter(|secret| secret.is_wrapped()) {
        return print_secret(&mut session.ui, secret);
    }
    if session.ui.format != Format::Table && secret.as_ref().and_then(|secret| secret.keys()).is_none() {
        print_map(&mut session.ui, &Map::new())?;
        return Ok(Exit::SERVER);
    }
    let secret = secret.ok_or_else(|| Failure::server(format!("No value found at {path}")))?;
    let Some(data) = secret.data.as_ref() else {
        return if loose {
            print_secret(&mut session.ui, &secret)
        } else {
            Err(Failure::server(format!("No value found at {path}")))
        };
    };
    if secret.keys().is_none() {
        return Err(Failure::server(format!("No entries found at {path}")));
    }
    if session.ui.format == Format::Table {
        crate::output::print_warnings(&mut session.ui, &secret);
    }
    print_list(&mut session.ui, &secret.to_json(), data)
}
