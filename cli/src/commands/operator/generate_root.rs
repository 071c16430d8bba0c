use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::ceremony::{Asking, share};
use super::rekey_target::refuse_pgp;
use crate::client::{Client, Request, RequestError};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Matches, Switch, Text};
use crate::output::{Format, columns, print};
use crate::session::Session;
use crate::value::{Json, Map};
use crate::wrap::wrap;

/// The length of a root token, where the server does not say.
const TOKEN_LENGTH: usize = 28;
/// No server makes longer ones.
const MAX_TOKEN_LENGTH: i64 = 1024;
const ALPHABET: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static CANCEL: Switch = Switch::new("cancel", "Forget the attempt and all shares handed in for it.").or("false");
static DECODE: Text = Text::new(
    "decode",
    "Decode this encoded token, with the -otp that it was made with. \"-\" reads it from standard input.",
);
static GENERATE_OTP: Switch = Switch::new("generate-otp", "Make and print a one-time password for -init.").or("false");
static INIT: Switch = Switch::new("init", "Start an attempt. There can be one at a time.").or("false");
static NONCE: Text = Text::new("nonce", "Nonce of the attempt, as -init printed it. Each share must come with it.");
static OTP: Text = Text::new("otp", "One-time password, for -init or -decode.");
static PGP_KEY: Text = Text::new("pgp-key", "File with the PGP key to encrypt the token with.").files();
static RECOVERY_TOKEN: Switch =
    Switch::new("recovery-token", "Make a token for recovery mode instead of a root token.").or("false");
static STATUS: Switch = Switch::new("status", "Only print how far the attempt is.").or("false");

pub(super) static COMMAND: Command = Command {
    name: "generate-root",
    synopsis: "Generates a new root token",
    usage: "[options] [KEY]",
    about: "Makes a root token with the help of enough holders of the unseal key. The server gives the token out \
            encoded with a one-time password, so that only who started the attempt can read it.",
    examples: &[
        ("Start, with a one-time password that the server makes", "{} operator generate-root -init"),
        ("Hand in a share", "{} operator generate-root"),
        ("Decode the token", "{} operator generate-root -decode=ENCODED -otp=OTP"),
    ],
    action: Action::Run(Run::new(Arguments::OPTIONAL, Output::Format, run).flags(&[Group {
        title: "Command Options",
        flags: &[&CANCEL, &DECODE, &GENERATE_OTP, &INIT, &NONCE, &OTP, &PGP_KEY, &RECOVERY_TOKEN, &STATUS],
    }])),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    refuse_pgp(flags.given(&PGP_KEY), "-pgp-key")?;
    let client = session.client(flags)?;
    let kind = if flags.get(&RECOVERY_TOKEN) { Kind::Recovery } else { Kind::Root };
    if flags.get(&GENERATE_OTP) {
        return generate_otp(session, &client, kind);
    }
    if flags.given(&DECODE) && !flags.get(&DECODE).is_empty() {
        return decode(session, flags, &client, kind);
    }
    if flags.get(&CANCEL) {
        let cancelled = client.send(&Request::delete(kind.attempt()));
        cancelled.map_err(|error| Failure::server(format!("Error canceling root token generation: {error}")))?;
        session.ui.output("Success! Root token generation canceled (if it was started)");
        return Ok(Exit::OK);
    }
    if flags.get(&INIT) {
        let body = Map::of([("otp", Json::text(flags.get(&OTP))), ("pgp_key", "".into())]);
        let status = client.send(&Request::put(kind.attempt()).json(body)).and_then(|answer| answer.map());
        let status = status.map_err(|error| Failure::server(format!("Error initializing root generation: {error}")))?;
        return show(session, &status);
    }
    let status = kind.status(&client).map_err(status_failed)?;
    if flags.get(&STATUS) {
        return show(session, &status);
    }
    provide(session, flags, &client, kind, &status)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Root,
    Recovery,
}

impl Kind {
    fn attempt(self) -> &'static str {
        match self {
            Self::Root => "sys/generate-root/attempt",
            Self::Recovery => "sys/generate-recovery-token/attempt",
        }
    }

    fn update(self) -> &'static str {
        match self {
            Self::Root => "sys/generate-root/update",
            Self::Recovery => "sys/generate-recovery-token/update",
        }
    }

    fn status(self, client: &Client) -> Result<Map, RequestError> {
        client.send(&Request::get(self.attempt())).and_then(|answer| answer.map())
    }
}

fn generate_otp(session: &mut Session, client: &Client, kind: Kind) -> Outcome {
    let status = kind.status(client).map_err(status_failed)?;
    let length = match status.integer("otp_length") {
        length @ 1..=MAX_TOKEN_LENGTH => usize::try_from(length).unwrap_or(TOKEN_LENGTH),
        _ => TOKEN_LENGTH,
    };
    let otp = random_text(length).map_err(|error| Failure::server(error.to_string()))?;
    if session.ui.format == Format::Table {
        session.ui.raw(&otp);
        return Ok(Exit::OK);
    }
    let shown = Map::of([("otp", Json::Text(otp)), ("otp_length", Json::number(length))]);
    print(&mut session.ui, &shown.into())
}

/// Letters and digits, each as likely as any other.
fn random_text(length: usize) -> Result<Zeroizing<String>, getrandom::Error> {
    let mut text = Zeroizing::new(String::with_capacity(length));
    let mut bytes = Zeroizing::new([0; 64]);
    while text.len() < length {
        getrandom::fill(&mut *bytes)?;
        // 248 is the largest multiple of 62 that a byte can be below: the rest is left out.
        let fair = bytes.iter().filter(|byte| **byte < 248).take(length - text.len());
        text.extend(fair.map(|byte| char::from(ALPHABET[usize::from(byte % 62)])));
    }
    Ok(text)
}

fn decode(session: &mut Session, flags: &Matches, client: &Client, kind: Kind) -> Outcome {
    let otp = Zeroizing::new(flags.get(&OTP));
    if otp.is_empty() {
        return Err(Failure::local("Missing otp: use -otp to supply it"));
    }
    let mut encoded = Zeroizing::new(flags.get(&DECODE));
    if *encoded == "-" {
        encoded = session.input_text(flags)?;
        if encoded.is_empty() {
            return Err(Failure::local(
                "Missing encoded value. When using -decode=\"-\" value must be passed via stdin.",
            ));
        }
    }
    let status = kind.status(client).map_err(status_failed)?;
    let token = decoded(encoded.trim(), &otp, status.integer("otp_length"))
        .map_err(|error| Failure::local(format!("Error decoding root token: {error}")))?;
    if session.ui.format == Format::Table {
        session.ui.raw(&token);
        return Ok(Exit::OK);
    }
    print(&mut session.ui, &Map::of([("token", Json::Text(token))]).into())
}

/// The token under a one-time password, byte by byte.
fn decoded(encoded: &str, otp: &str, otp_length: i64) -> Result<Zeroizing<String>, &'static str> {
    if otp_length == 0 {
        return Err("the server makes no tokens under one-time passwords");
    }
    let bytes = STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).map_err(|_| "the value is not base64")?;
    let bytes = Zeroizing::new(bytes);
    if bytes.len() != otp.len() {
        return Err("the one-time password is not as long as the token");
    }
    let token = bytes.iter().zip(otp.bytes()).map(|(a, b)| a ^ b).collect::<Vec<u8>>();
    let token = Zeroizing::new(token);
    let text = std::str::from_utf8(&token).map_err(|_| "the one-time password is not that of the token")?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn provide(session: &mut Session, flags: &Matches, client: &Client, kind: Kind, status: &Map) -> Outcome {
    if !status.bool("started") {
        session.ui.error(&wrap(&format!(
            "No root generation is in progress. Start a root generation by running \"{} operator generate-root -init\".",
            session.program
        )));
        session.ui.warn(&wrap(&format!(
            "If starting root generation using the OTP method and generating your own OTP, the length of the OTP \
             string needs to be {} characters in length.",
            status.integer("otp_length")
        )));
        return Ok(Exit::LOCAL);
    }
    let asking = Asking { nonce_title: "Operation nonce", key_title: "Unseal", article: "the" };
    let share = share(session, flags, &asking, status.text("nonce"), flags.get(&NONCE))?;
    let body = Map::of([("key", Json::Text(share.key)), ("nonce", Json::text(share.nonce))]);
    let updated = client.send(&Request::put(kind.update()).json(body)).and_then(|answer| answer.map());
    let updated = updated.map_err(|error| Failure::server(format!("Error posting unseal key: {error}")))?;
    show(session, &updated)
}

fn show(session: &mut Session, status: &Map) -> Outcome {
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &as_output(status));
    }
    let mut rows = Vec::new();
    let mut row = |title: &str, value: String| rows.push(vec![title.to_owned(), value]);
    row("Nonce", status.text("nonce").to_owned());
    row("Started", status.bool("started").to_string());
    row("Progress", format!("{}/{}", status.integer("progress"), status.integer("required")));
    row("Complete", status.bool("complete").to_string());
    if !status.text("pgp_fingerprint").is_empty() {
        row("PGP Fingerprint", status.text("pgp_fingerprint").to_owned());
    }
    let encoded = [("Encoded Token", "encoded_token"), ("Encoded Root Token", "encoded_root_token")];
    if let Some((title, field)) = encoded.into_iter().find(|(_, field)| !status.text(field).is_empty()) {
        row(title, status.text(field).to_owned());
    }
    if !status.text("otp").is_empty() {
        session.ui.warn(&wrap(
            "A One-Time-Password has been generated for you and is shown in the OTP field. You will need this value \
             to decode the resulting root token, so keep it safe.",
        ));
        row("OTP", status.text("otp").to_owned());
    }
    if status.integer("otp_length") != 0 {
        row("OTP Length", status.integer("otp_length").to_string());
    }
    session.ui.output(&columns(&rows));
    Ok(Exit::OK)
}

fn as_output(status: &Map) -> Json {
    let text = |key: &str| Json::text(status.text(key));
    let number = |key: &str| Json::number(status.integer(key));
    Map::of([
        ("nonce", text("nonce")),
        ("started", status.bool("started").into()),
        ("progress", number("progress")),
        ("required", number("required")),
        ("complete", status.bool("complete").into()),
        ("encoded_token", text("encoded_token")),
        ("encoded_root_token", text("encoded_root_token")),
        ("pgp_fingerprint", text("pgp_fingerprint")),
        ("otp", text("otp")),
        ("otp_length", number("otp_length")),
    ])
    .into()
}

fn status_failed(error: RequestError) -> Failure {
    Failure::server(format!("Error getting root generation status: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_decoded_with_its_password_only() {
        let (token, otp) = ("hvs.abcdefghijklmnopqrstuvwx", random_text(28).unwrap());
        let bytes: Vec<u8> = token.bytes().zip(otp.bytes()).map(|(a, b)| a ^ b).collect();
        let encoded = STANDARD_NO_PAD.encode(bytes);
        assert_eq!(decoded(&encoded, &otp, 28).unwrap().as_str(), token);
        assert!(decoded(&encoded, &otp[1..], 28).is_err());
        assert!(decoded("no base64!", &otp, 28).is_err());
    }

    #[test]
    fn passwords_are_of_letters_and_digits() {
        let text = random_text(200).unwrap();
        assert_eq!(text.len(), 200);
        assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_ne!(*text, *random_text(200).unwrap());
    }
}
