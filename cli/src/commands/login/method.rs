//! Auth methods, from the side of who logs in.

use zeroize::Zeroizing;

use crate::client::{Auth, Client, Request, Secret};
use crate::exit::Failure;
use crate::flags::{Matches, http, parse_bool};
use crate::input::{PromptError, ask_hidden};
use crate::value::{Json, Map};

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Method {
    Token,
    /// User name in the path, password in the body.
    Password(&'static str),
    AppRole,
    Cert,
}

/// The method of a type.
pub(in super::super) fn method(kind: &str) -> Option<Method> {
    Some(match kind {
        "token" => Method::Token,
        "userpass" => Method::Password("userpass"),
        "ldap" => Method::Password("ldap"),
        "radius" => Method::Password("radius"),
        "approle" => Method::AppRole,
        "cert" => Method::Cert,
        _ => return None,
    })
}

/// What was given to log in with.
pub(super) struct Credentials {
    pairs: Vec<(String, Zeroizing<String>)>,
    mount: String,
}

impl Credentials {
    pub(super) fn new(pairs: Vec<(String, Zeroizing<String>)>, mount: String) -> Self {
        Self { pairs, mount }
    }

    fn get(&self, key: &str) -> Option<&Zeroizing<String>> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    fn mount(&self) -> &str {
        let given = self.get("mount").map(|mount| mount.as_str()).filter(|mount| !mount.is_empty());
        given.unwrap_or(&self.mount).trim_matches('/')
    }
}

impl Method {
    /// Logs in.
    ///
    /// # Errors
    /// Something is missing, or the server refuses.
    pub(super) fn log_in(
        self,
        flags: &Matches,
        client: &mut Client,
        credentials: &Credentials,
    ) -> Result<Secret, Failure> {
        let failed = |why: String| Failure::server(format!("Error authenticating: {why}"));
        let mount = credentials.mount();
        let (path, body) = match self {
            Self::Token => return with_token(flags, client, credentials).map_err(failed),
            Self::Password(_) => {
                let user = credentials.get("username").map(|user| user.as_str()).filter(|user| !user.is_empty());
                let user = user.ok_or_else(|| failed("'username' must be specified".to_owned()))?;
                let password = secret_or_ask(flags, credentials, "password", "Password").map_err(failed)?;
                (format!("auth/{mount}/login/{user}"), Map::of([("password", Json::Text(password))]))
            }
            Self::AppRole => {
                let role = credentials.get("role_id").filter(|role| !role.is_empty());
                let role = role.ok_or_else(|| failed("'role_id' must be specified".to_owned()))?;
                let mut body = Map::of([("role_id", Json::Text(role.clone()))]);
                if let Some(secret) = credentials.get("secret_id") {
                    body.set("secret_id", Json::Text(secret.clone()));
                }
                (format!("auth/{mount}/login"), body)
            }
            Self::Cert => {
                let name = credentials.get("name").cloned().unwrap_or_default();
                (format!("auth/{mount}/login"), Map::of([("name", Json::Text(name))]))
            }
        };
        let reply = client.write(&path, body).map_err(|error| failed(error.to_string()))?;
        reply.ok_or_else(|| failed("empty response from credential provider".to_owned()))
    }

    /// How to log in with it.
    pub(in super::super) fn help(self, program: &str) -> String {
        let (kind, about, keys): (&str, &str, &[(&str, &str)]) = match self {
            Self::Token => (
                "token",
                "Takes a token that was had elsewhere, looks it up and keeps it. It asks for the token if none is given.",
                &[
                    ("token=<string>", "The token. It can also stand alone, without \"token=\"."),
                    ("lookup=<bool>", "Whether to look the token up. The default is true."),
                ],
            ),
            Self::Password(kind) => (
                kind,
                "Takes a user name and a password. It asks for the password if none is given.",
                &[
                    ("username=<string>", "Name of the user."),
                    ("password=<string>", "The user's password; \"-\" reads it from standard input."),
                ],
            ),
            Self::AppRole => (
                "approle",
                "Takes the id of a role and, where the role wants one, a secret id.",
                &[
                    ("role_id=<string>", "Id of the role."),
                    ("secret_id=<string>", "Secret id; \"-\" reads it from standard input."),
                ],
            ),
            Self::Cert => (
                "cert",
                "Takes the certificate and key of -client-cert and -client-key.",
                &[("name=<string>", "Name of the certificate role to log in against.")],
            ),
        };
        let option = if kind == "token" { String::new() } else { format!(" -method={kind}") };
        let mut text = format!(
            "Usage: {program} login{option} [CONFIG K=V...]\n\n{}\n\nConfiguration:\n",
            crate::wrap::wrap_indented(about, 2)
        );
        for (key, about) in keys {
            text.push_str(&format!("\n  {key}\n{}\n", crate::wrap::wrap_indented(about, 6)));
        }
        text.trim_end().to_owned()
    }
}

fn with_token(flags: &Matches, client: &mut Client, credentials: &Credentials) -> Result<Secret, String> {
    let lookup = match credentials.get("lookup") {
        None => true,
        Some(text) => parse_bool(text).ok_or("Failed to parse \"lookup\" as boolean")?,
    };
    let typed = secret_or_ask(flags, credentials, "token", "Token")?;
    let token = Zeroizing::new(typed.trim().to_owned());
    if token.is_empty() {
        return Err("a token must be passed to auth, please view the help for more information".to_owned());
    }
    if !lookup {
        return Ok(Secret { auth: Some(Auth { token, ..Auth::default() }), ..Secret::default() });
    }
    client.set_token(token);
    let request = Request::get("auth/token/lookup-self").without_wrapping();
    let reply = client.send(&request).and_then(|answer| answer.secret());
    let reply = reply.map_err(|error| format!("error looking up token: {error}"))?;
    let data = reply.and_then(|secret| secret.data).ok_or("empty response from lookup-self")?;
    Ok(Secret { auth: Some(auth_of_lookup(&data)), ..Secret::default() })
}

/// What a login would have given back, from what a lookup says of the token.
fn auth_of_lookup(data: &Map) -> Auth {
    let list = |key: &str| data.get(key).map(|_| data.texts(key));
    let (own, by_identity) = (list("policies"), list("identity_policies"));
    let policies = own.iter().chain(by_identity.iter()).flatten().cloned().collect();
    let metadata = data.get("metadata").or_else(|| data.get("meta")).and_then(Json::as_map);
    Auth {
        token: Zeroizing::new(data.text("id").to_owned()),
        accessor: data.text("accessor").to_owned(),
        policies: own.is_some().then_some(policies),
        token_policies: own,
        identity_policies: by_identity,
        metadata: metadata.cloned(),
        lease_duration: data.integer("ttl"),
        renewable: data.bool("renewable"),
        ..Auth::default()
    }
}

fn secret_or_ask(
    flags: &Matches,
    credentials: &Credentials,
    key: &str,
    title: &str,
) -> Result<Zeroizing<String>, String> {
    if let Some(given) = credentials.get(key).filter(|given| key == "token" || !given.is_empty()) {
        return Ok(given.clone());
    }
    if flags.get(&http::NON_INTERACTIVE) {
        return Err(match key {
            "token" => "'token' not supplied and refusing to pull from stdin".to_owned(),
            _ => format!("'{key}' must be specified and refusing to pull from stdin"),
        });
    }
    let answer = ask_hidden(|| eprint!("{title} (will be hidden): "));
    eprintln!();
    answer.map_err(|error| match error {
        PromptError::Interrupted => "user interrupted".to_owned(),
        error if key == "token" => format!(
            "An error occurred attempting to ask for a token. The raw error message is shown below, but usually this \
             is because you attempted to pipe a value into the command or you are executing outside of a terminal \
             (tty). If you want to pipe the value, pass \"-\" as the argument to read from stdin. The raw error was: \
             {error}"
        ),
        error => error.to_string(),
    })
}
