use super::path;
use crate::client::{Reply, RequestError};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::{FIELD, Output};
use crate::flags::{Group, Matches, Switch};
use crate::input::read_data;
use crate::output::{Format, print_secret, secret_field};
use crate::session::Session;
use crate::value::Map;
use crate::wrap::wrap;

pub(super) static FORCE: Switch =
    Switch::new("force", "Go on without any key=value pair, where a path wants none.").alias("f").or("false");

pub(super) static FORCE_GROUP: &[Group] = &[Group { title: "Command Options", flags: &[&FORCE] }];

pub(super) static COMMAND: Command = Command {
    name: "write",
    synopsis: "Write data, configuration, and secrets",
    usage: "[options] PATH [DATA K=V...]",
    about: "Writes to a path. What that does is up to what is mounted there.\n\n\
            Data is given as key=value. A value that begins with \"@\" is read from that file, \"-\" from standard \
            input. \"@FILE\" and \"-\" alone are read as a JSON object.",
    examples: &[
        ("Write a secret", "{} write secret/my-secret foo=bar"),
        ("Make a key that needs no data", "{} write -f transit/keys/my-key"),
        ("Take a value from a file", "{} write sys/policies/acl/ops policy=@ops.hcl"),
    ],
    action: Action::Run(Run::new(Arguments::at_least(1, "1"), Output::FieldAndFormat, run).flags(FORCE_GROUP)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let (path, data) = target(session, flags)?;
    let client = session.client(flags)?;
    let reply = client.write(&path, data);
    report(session, flags, &path, reply)
}

/// Path and data of the command line.
pub(super) fn target(session: &Session, flags: &Matches) -> Result<(String, Map), Failure> {
    if flags.arguments.len() == 1 && !flags.get(&FORCE) {
        return Err(Failure::local("Must supply data or use -force"));
    }
    let data = read_data(&flags.arguments[1..], 2, &mut session.input(flags));
    let data = data.map_err(|error| Failure::local(format!("Failed to parse K=V data: {error}")))?;
    Ok((path::bare(&flags.arguments[0]), data))
}

/// Says how a write went.
pub(super) fn report(session: &mut Session, flags: &Matches, path: &str, reply: Reply) -> Outcome {
    let secret = match reply {
        Err(error) => return refused(session, &format!("Error writing data to {path}"), &error),
        Ok(None) => return Ok(done(session, &format!("Success! Data written to: {path}"))),
        Ok(Some(secret)) => secret,
    };
    if secret.auth.as_ref().is_some_and(|auth| auth.mfa_requirement.is_some()) {
        session.ui.warn(&format!("{}\n", wrap(MFA_PENDING)));
    }
    match flags.get(&FIELD).as_str() {
        "" => print_secret(&mut session.ui, &secret),
        field => secret_field(&mut session.ui, &secret, field),
    }
}

/// What a login that is not complete yet needs.
pub(super) const MFA_PENDING: &str = "A login request was issued that is subject to MFA validation. Please make sure \
                                      to validate the login by sending another request to sys/mfa/validate endpoint.";

/// A line for people; programs get nothing.
pub(super) fn done(session: &mut Session, line: &str) -> Exit {
    if session.ui.format == Format::Table {
        session.ui.output(line);
    }
    Exit::OK
}

/// The error, and what the server sent along with it.
pub(super) fn refused(session: &mut Session, what: &str, error: &RequestError) -> Outcome {
    session.ui.error(&format!("{what}: {error}"));
    if let Some(secret) = error.secret() {
        print_secret(&mut session.ui, secret)?;
    }
    Ok(Exit::SERVER)
}
