//! `login`: from credentials to a token, kept for the commands that follow.

mod method;
mod store;

pub(super) use method::method;

use zeroize::Zeroizing;

use super::path;
use super::write::MFA_PENDING;
use crate::client::{Client, Secret};
use crate::command::{Action, Arguments, Command, Run};
use crate::env::Variable;
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::{FIELD, Output};
use crate::flags::{Group, Matches, Switch, Text};
use crate::input::{as_texts, read_data};
use crate::output::{Format, print_secret, secret_field};
use crate::session::Session;
use crate::wrap::wrap;
use method::Credentials;

static METHOD: Text =
    Text::new("method", "Type of the auth method, such as \"userpass\". It is the type, not the path: that is -path.")
        .or("token")
        .words(&["approle", "cert", "ldap", "radius", "token", "userpass"]);
static NO_PRINT: Switch = Switch::new("no-print", "Print nothing; the token is kept all the same.").or("false");
static NO_STORE: Switch = Switch::new("no-store", "Do not keep the token; it is only printed.").or("false");
static PATH: Text = Text::new("path", "Path of the auth method, where it is not the name of its type.");
static TOKEN_ONLY: Switch = Switch::new(
    "token-only",
    "Print the token and nothing else, and do not keep it: short for \"-field=token -no-store\".",
)
.or("false");

/// How often a wrapped answer may hold another wrapped answer.
const MAX_WRAPPINGS: usize = 8;

pub(super) static COMMAND: Command = Command {
    name: "login",
    synopsis: "Authenticate locally",
    usage: "[options] [AUTH K=V...]",
    about: "Logs in and keeps the token for the commands that follow. Without -method it takes a token, and asks \
            for it if none is given; \"-\" reads it from standard input. Other methods take pairs of key and value, \
            which \"auth help TYPE\" tells.\n\n\
            With -wrap-ttl the answer comes wrapped, and is unwrapped at once unless -no-store or -token-only say \
            that the wrapping token is wanted.",
    examples: &[
        ("With a token", "{} login"),
        ("With user name and password", "{} login -method=userpass username=my-username"),
        ("With a method at another path", "{} login -method=userpass -path=people username=my-username"),
    ],
    action: Action::Run(
        Run::new(Arguments::ANY, Output::FieldAndFormat, run)
            .flags(&[Group { title: "Command Options", flags: &[&METHOD, &NO_PRINT, &NO_STORE, &PATH, &TOKEN_ONLY] }]),
    ),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let token_only = flags.get(&TOKEN_ONLY);
    let (no_store, no_print) = (flags.get(&NO_STORE) || token_only, flags.get(&NO_PRINT));
    let field = if token_only { "token".to_owned() } else { flags.get(&FIELD) };
    if no_store && no_print {
        return Err(Failure::local("-no-store and -no-print cannot be used together"));
    }
    let kind = path::bare(&flags.get(&METHOD));
    let kind = if kind.is_empty() { "token".to_owned() } else { kind };
    let method = method(&kind).ok_or_else(|| {
        Failure::local(wrap(&format!(
            "Unknown auth method: {kind}. Use \"{} auth list\" to see the complete list of auth methods. \
             Additionally, some auth methods are only available via the HTTP API.",
            session.program
        )))
    })?;
    let credentials = credentials(session, flags, &kind)?;
    let mut client = session.client_without_token(flags)?;
    if kind != "token" {
        client.set_token(Zeroizing::default());
    }
    let secret = method.log_in(flags, &mut client, &credentials)?;
    if secret.auth.as_ref().is_some_and(|auth| auth.mfa_requirement.is_some()) {
        warn_of_environment(session);
        session.ui.warn(&format!("{}\n", wrap(MFA_PENDING)));
        return print_secret(&mut session.ui, &secret);
    }
    client.stop_wrapping();
    let secret = unwrapped(&mut client, secret, !no_store)
        .map_err(|error| Failure::server(format!("Error extracting token: {error}")))?;
    if secret.auth.is_none() {
        return if token_only {
            secret_field(&mut session.ui, &secret, "wrapping_token")
        } else {
            print_secret(&mut session.ui, &secret)
        };
    }
    if !no_store {
        if let Some(failed) = store::keep(session, &client, &secret)? {
            return Ok(failed);
        }
        warn_of_environment(session);
    } else if !token_only {
        session.ui.warn(&format!(
            "{}\n",
            wrap(
                "The token was not stored in token helper. Set the VAULT_TOKEN environment variable or pass the token \
                 below with each request to Vault."
            )
        ));
    }
    if no_print {
        return Ok(Exit::OK);
    }
    if !field.is_empty() {
        return secret_field(&mut session.ui, &secret, &field);
    }
    if session.ui.format == Format::Table {
        let text = format!(
            "Success! You are now authenticated. The token information displayed below is already stored in the token \
             helper. You do NOT need to run \"{} login\" again. Future Vault requests will automatically use this token.",
            session.program
        );
        session.ui.output(&format!("{}\n", wrap(&text)));
    }
    print_secret(&mut session.ui, &secret)
}

/// What was given on the command line; a word alone is the token.
fn credentials(session: &Session, flags: &Matches, kind: &str) -> Result<Credentials, Failure> {
    let mut words = flags.arguments.clone();
    if let Some(first) = words.first_mut().filter(|first| kind == "token" && !first.contains('=')) {
        *first = format!("token={first}");
    }
    let data = read_data(&words, 1, &mut session.input(flags)).and_then(|data| as_texts(&data));
    let data = data.map_err(|error| Failure::local(format!("Error parsing configuration: {error}")))?;
    let given = flags.get(&PATH);
    let mount = if given.is_empty() { path::folder(kind) } else { given };
    Ok(Credentials::new(data, mount))
}

/// The answer that holds a token, out of its wrappings where that is wanted.
fn unwrapped(client: &mut Client, mut secret: Secret, wanted: bool) -> Result<Secret, String> {
    for _ in 0..MAX_WRAPPINGS {
        if secret.auth.is_some() {
            return Ok(secret);
        }
        let wrap = secret.wrap.as_ref().ok_or("no auth or wrapping info in response")?;
        if wrap.wrapped_accessor.is_empty() {
            return Err("wrapped response does not contain a token".to_owned());
        }
        if !wanted {
            return Ok(secret);
        }
        client.set_token(wrap.token.clone());
        let inner = client.unwrap("").map_err(|error| error.to_string())?;
        secret = inner.ok_or("empty response from auth helper")?;
    }
    Err("the response is wrapped too many times".to_owned())
}

fn warn_of_environment(session: &mut Session) {
    if session.env.get(Variable("TOKEN")).is_some() {
        session.ui.warn(&format!(
            "{}\n",
            wrap(
                "WARNING! The VAULT_TOKEN environment variable is set! The value of this variable will take \
                 precedence; if this is unwanted please unset VAULT_TOKEN or update its value accordingly."
            )
        ));
    }
}
