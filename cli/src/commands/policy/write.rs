use std::fs::File;
use std::io::Read;

use crate::client::Request;
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;
use crate::value::{Json, Map};

/// No policy is larger, in bytes.
const MAX_POLICY: u64 = 32 * 1024 * 1024;

pub(super) static COMMAND: Command = Command {
    name: "write",
    synopsis: "Uploads a named policy from a file",
    usage: "[options] NAME PATH",
    about: "Writes a policy from a file, or from standard input with \"-\". A policy of that name is replaced.",
    examples: &[
        ("", "{} policy write my-policy /tmp/policy.hcl"),
        ("From standard input", "cat my-policy.hcl | {} policy write my-policy -"),
    ],
    action: Action::Run(Run::new(Arguments::TWO.files(), Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let client = session.client(flags)?;
    let typed = &flags.arguments[0];
    let name = typed.trim().to_lowercase();
    let path = flags.arguments[1].trim();
    let rules = if path == "-" {
        session.input_text(flags)?.to_string()
    } else {
        let file = File::open(path)
            .map_err(|error| Failure::server(format!("Error opening policy file: open {path}: {}", words(&error))))?;
        let mut rules = String::new();
        let read = file.take(MAX_POLICY).read_to_string(&mut rules);
        read.map_err(|error| Failure::server(format!("Error reading policy: {error}")))?;
        rules
    };
    let body = Map::of([("policy", Json::text(rules))]);
    client
        .send(&Request::put(format!("sys/policies/acl/{name}")).json(body))
        .map_err(|error| Failure::server(format!("Error uploading policy: {error}")))?;
    if *typed != name {
        session.ui.warn(&format!("Policy name was converted from \"{typed}\" to \"{name}\""));
    }
    session.ui.output(&format!("Success! Uploaded policy: {name}"));
    Ok(Exit::OK)
}

fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
