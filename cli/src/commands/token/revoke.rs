use super::ACCESSOR;
use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Switch, Text};
use crate::session::Session;
use crate::value::{Json, Map};

static MODE: Text = Text::new(
    "mode",
    "What else is revoked: without it the token's children are; with \"orphan\" they live on; with \"path\" the \
     argument is the path of an auth method, and all its tokens are revoked.",
)
.words(&["orphan", "path"]);
static SELF: Switch = Switch::new("self", "Revoke the token in use.").or("false");

pub(super) static COMMAND: Command = Command {
    name: "revoke",
    synopsis: "Revoke a token and its children",
    usage: "[options] [TOKEN | ACCESSOR]",
    about: "Revokes a token and, unless -mode says otherwise, all tokens made by it.",
    examples: &[
        ("", "{} token revoke 96ddf4bc-d217-f3ba-f9bd-017055595017"),
        ("Leave the children", "{} token revoke -mode=orphan 96ddf4bc-d217-f3ba-f9bd-017055595017"),
        ("Revoke the one in use", "{} token revoke -self"),
    ],
    action: Action::Run(
        Run::new(Arguments::ANY, Output::None, run)
            .flags(&[Group { title: "Command Options", flags: &[&ACCESSOR, &MODE, &SELF] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let (own, by_accessor, mode) = (flags.get(&SELF), flags.get(&ACCESSOR), flags.get(&MODE));
    let count = flags.arguments.len();
    let complaint = match (own, by_accessor, mode.as_str()) {
        (_, _, mode) if !matches!(mode, "" | "orphan" | "path") => Some(format!("Invalid mode: {mode}")),
        (true, ..) if count > 0 => Some(format!("Too many arguments with -self (expected 0, got {count})")),
        (false, ..) if count > 1 => Some(format!("Too many arguments (expected 1 or -self, got {count})")),
        (false, ..) if count < 1 => Some(format!("Not enough arguments (expected 1 or -self, got {count})")),
        (true, true, _) => Some("Cannot use -self with -accessor!".to_owned()),
        (true, _, "orphan" | "path") => Some("Cannot use -self with -mode!".to_owned()),
        (_, true, mode @ ("orphan" | "path")) => Some(format!("Cannot use -accessor with -mode={mode}!")),
        _ => None,
    };
    if let Some(complaint) = complaint {
        return Err(Failure::local(complaint));
    }
    let client = session.client(flags)?;
    let typed = flags.arguments.first().map(|typed| typed.trim()).unwrap_or_default();
    let named = |key: &str| Map::of([(key, Json::text(typed))]);
    let request = match (own, by_accessor, mode.as_str()) {
        (true, ..) => Request::put("auth/token/revoke-self"),
        (_, true, _) => Request::post("auth/token/revoke-accessor").json(named("accessor")),
        (_, _, "orphan") => Request::put("auth/token/revoke-orphan").json(named("token")),
        (_, _, "path") => Request::put(format!("sys/leases/revoke-prefix/{typed}")),
        _ => Request::put("auth/token/revoke").json(named("token")),
    };
    client.send(&request).map_err(|error| Failure::server(format!("Error revoking token: {error}")))?;
    session.ui.output("Success! Revoked token (if it existed)");
    Ok(Exit::OK)
}
