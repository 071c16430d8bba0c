use std::io::{self, Write};

use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Text};
use crate::session::Session;

const LEVELS: [&str; 5] = ["trace", "debug", "info", "warn", "error"];
const FORMATS: [&str; 2] = ["standard", "json"];

static LOG_LEVEL: Text = Text::new(
    "log-level",
    "Least level of the messages to print: \"trace\", \"debug\", \"info\", \"warn\" or \"error\".",
)
.or("info")
.words(&LEVELS);
static LOG_FORMAT: Text =
    Text::new("log-format", "Form of the messages: \"standard\" or \"json\".").or("standard").words(&FORMATS);

pub(super) static COMMAND: Command = Command {
    name: "monitor",
    synopsis: "Stream log messages from a server",
    usage: "[options]",
    about: "Prints a server's log as it is written, also messages of a level that the server itself does not log. \
            An interrupt ends it.",
    examples: &[("Follow the log in detail", "{} monitor -log-level=debug")],
    action: Action::Run(
        Run::new(Arguments::NONE, Output::None, run)
            .flags(&[Group { title: "Monitor Options", flags: &[&LOG_FORMAT, &LOG_LEVEL] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let level = one_of(&flags.get(&LOG_LEVEL), &LEVELS, "level")?;
    let format = one_of(&flags.get(&LOG_FORMAT), &FORMATS, "format")?;
    let client = session.client(flags)?;
    let request =
        Request::get("sys/monitor").query("log_level", level).query("log_format", format).without_time_limit();
    let started = client.stream(&request);
    let mut stream = started.map_err(|error| Failure::local(format!("Error starting monitor: {error}")))?;
    let mut out = io::stdout().lock();
    // An interrupt ends the log, and so does a server that goes away.
    while let Ok(Some(piece)) = stream.next() {
        if out.write_all(&piece).and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    Ok(Exit::OK)
}

fn one_of(typed: &str, known: &[&str], what: &str) -> Result<String, Failure> {
    let typed = typed.to_lowercase();
    if known.contains(&typed.as_str()) {
        return Ok(typed);
    }
    let known = known.join(" ");
    Err(Failure::local(format!("{typed} is an unknown log {what}. Valid log {what}s are: [{known}]")))
}
