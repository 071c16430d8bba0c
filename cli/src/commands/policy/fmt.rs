use std::fs;

use coffer_policy::Policy;

use super::format;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "fmt",
    synopsis: "Formats a policy on disk",
    usage: "[options] PATH",
    about: "Rewrites a policy file in the usual layout. Comments stay. A file that is no valid policy is left alone.",
    examples: &[("", "{} policy fmt my-policy.hcl")],
    action: Action::Run(Run::new(Arguments::ONE.files(), Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let path = session.env.expand_home(flags.arguments[0].trim());
    let text = fs::read_to_string(&path).map_err(|error| {
        let error = error.to_string();
        let reason = error.split(" (os error").next().unwrap_or(&error).to_lowercase();
        Failure::local(format!("Error reading source file: open {}: {reason}", path.display()))
    })?;
    Policy::parse("", &text).map_err(|error| Failure::local(error.to_string()))?;
    let formatted = format::format(&text).map_err(|error| Failure::local(format!("Error printing result: {error}")))?;
    fs::write(&path, formatted).map_err(|error| Failure::local(format!("Error writing result: {error}")))?;
    session.ui.output(&format!("Success! Formatted policy: {}", path.display()));
    Ok(Exit::OK)
}
