use super::ceremony::{Asking, share};
use super::rekey_target::{Target, refuse_pgp};
use crate::client::{Client, Request, RequestError, Secret};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Integer, Matches, Switch, Text};
use crate::output::{Format, columns_with_header, print, print_secret};
use crate::session::Session;
use crate::value::{Json, Map};
use crate::wrap::wrap;

static BACKUP: Switch =
    Switch::new("backup", "Keep the PGP-encrypted shares in the server's storage too. Only with PGP keys.").or("false");
static BACKUP_DELETE: Switch = Switch::new("backup-delete", "Delete the shares kept by -backup.").or("false");
static BACKUP_RETRIEVE: Switch = Switch::new("backup-retrieve", "Print the shares kept by -backup.").or("false");
static CANCEL: Switch = Switch::new("cancel", "Forget the attempt and all shares handed in for it.").or("false");
static INIT: Switch = Switch::new(
    "init",
    "Start an attempt. There can be one at a time. -key-shares and -key-threshold say what is wanted.",
)
.or("false");
static KEY_SHARES: Integer =
    Integer::new("key-shares", "Into how many shares the new key is split.").alias("n").or("5");
static KEY_THRESHOLD: Integer =
    Integer::new("key-threshold", "How many of the new shares will be needed.").alias("t").or("3");
static NONCE: Text = Text::new("nonce", "Nonce of the attempt, as -init printed it. Each share must come with it.");
static PGP_KEYS: Text =
    Text::new("pgp-keys", "Files with PGP keys to encrypt the shares with, set apart by commas.").files();
static STATUS: Switch = Switch::new("status", "Only print how far the attempt is.").or("false");
static TARGET: Text = Text::new("target", "Which key: \"barrier\", or \"recovery\" where another system unseals.")
    .or("barrier")
    .words(&["barrier", "recovery"]);
static VERIFY: Switch = Switch::new(
    "verify",
    "With -init: the new shares count only once enough of them were handed in. Otherwise: what is done \
     (-status, -cancel, a share) is about that.",
)
.or("false");

pub(super) static COMMAND: Command = Command {
    name: "rekey",
    synopsis: "Generates new unseal keys",
    usage: "[options] [KEY]",
    about: "Makes a new unseal key, split into new shares, with the help of enough holders of the present one.",
    examples: &[
        ("Start", "{} operator rekey -init -key-shares=5 -key-threshold=3"),
        ("Hand in a share", "{} operator rekey"),
        ("Hand in a share without being asked", "{} operator rekey -nonce=NONCE SHARE"),
    ],
    action: Action::Run(Run::new(Arguments::OPTIONAL, Output::Format, run).flags(&[
        Group {
            title: "Common Options",
            flags: &[&CANCEL, &INIT, &KEY_SHARES, &KEY_THRESHOLD, &NONCE, &PGP_KEYS, &STATUS, &TARGET, &VERIFY],
        },
        Group { title: "Backup Options", flags: &[&BACKUP, &BACKUP_DELETE, &BACKUP_RETRIEVE] },
    ])),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    refuse_pgp(flags.given(&PGP_KEYS), "-pgp-keys")?;
    let client = session.client(flags)?;
    let target = Target::parse(&flags.get(&TARGET))?;
    if flags.get(&BACKUP_DELETE) {
        let deleted = client.send(&Request::delete(target.backup_path()));
        deleted.map_err(|error| Failure::server(format!("Error deleting rekey backed up keys: {error}")))?;
        session.ui.output("Success! Deleted backed up keys (if they existed)");
        return Ok(Exit::OK);
    }
    if flags.get(&BACKUP_RETRIEVE) {
        return retrieve(session, &client, target);
    }
    if flags.get(&CANCEL) {
        let part = if flags.get(&VERIFY) { "verify" } else { "init" };
        let cancelled = client.send(&Request::delete(target.path(part)));
        cancelled.map_err(|error| Failure::server(format!("Error canceling rekey: {error}")))?;
        session.ui.output("Success! Canceled rekeying (if it was started)");
        return Ok(Exit::OK);
    }
    if flags.get(&INIT) {
        return start(session, flags, &client, target);
    }
    let stage = if flags.get(&VERIFY) { Stage::Verification } else { Stage::Rekey };
    if flags.get(&STATUS) {
        return status(session, &client, target, stage);
    }
    provide(session, flags, &client, target, stage)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Rekey,
    Verification,
}

impl Stage {
    fn read(self, client: &Client, target: Target) -> Result<Map, RequestError> {
        let part = match self {
            Self::Rekey => "init",
            Self::Verification => "verify",
        };
        client.send(&Request::get(target.path(part))).and_then(|answer| answer.map())
    }
}

fn retrieve(session: &mut Session, client: &Client, target: Target) -> Outcome {
    let kept = client.send(&Request::get(target.backup_path())).and_then(|answer| answer.data());
    let kept = kept.map_err(|error| Failure::server(format!("Error retrieving rekey backed up keys: {error}")))?;
    let part = |key: &str| kept.get(key).cloned().unwrap_or(Json::Null);
    let data = Map::of([("keys", part("keys")), ("keys_base64", part("keys_base64")), ("nonce", part("nonce"))]);
    print_secret(&mut session.ui, &Secret::of_data(data))
}

fn start(session: &mut Session, flags: &Matches, client: &Client, target: Target) -> Outcome {
    let body = Map::of([
        ("secret_shares", Json::number(flags.get(&KEY_SHARES))),
        ("secret_threshold", Json::number(flags.get(&KEY_THRESHOLD))),
        ("pgp_keys", Json::Null),
        ("backup", flags.get(&BACKUP).into()),
        ("require_verification", flags.get(&VERIFY).into()),
    ]);
    let status = client.send(&Request::put(target.path("init")).json(body)).and_then(|answer| answer.map());
    let status = status.map_err(|error| Failure::server(format!("Error initializing rekey: {error}")))?;
    if session.ui.format == Format::Table {
        session.ui.warn(&wrap(&format!(
            "WARNING! If you lose the keys after they are returned, there is no recovery. Consider canceling this \
             operation and re-initializing with the -pgp-keys flag to protect the returned {} keys along with -backup \
             to allow recovery of the encrypted keys in case of emergency. You can delete the stored keys later using \
             the -delete flag.",
            target.key_title().to_lowercase()
        )));
        session.ui.output("");
    }
    show(session, &status, Stage::Rekey)
}

fn status(session: &mut Session, client: &Client, target: Target, stage: Stage) -> Outcome {
    let status = stage.read(client, target);
    let status = status.map_err(|error| Failure::server(format!("Error reading rekey status: {error}")))?;
    show(session, &status, stage)
}

fn show(session: &mut Session, status: &Map, stage: Stage) -> Outcome {
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &as_output(status, stage));
    }
    let mut rows = vec![vec!["Key".to_owned(), "Value".to_owned()]];
    let mut row = |title: &str, value: String| rows.push(vec![title.to_owned(), value]);
    let number = |key: &str| status.integer(key);
    match stage {
        Stage::Verification => {
            row("Started", status.bool("started").to_string());
            row("New Shares", number("n").to_string());
            row("New Threshold", number("t").to_string());
            row("Verification Nonce", status.text("nonce").to_owned());
            row("Verification Progress", format!("{}/{}", number("progress"), number("t")));
        }
        Stage::Rekey => {
            row("Nonce", status.text("nonce").to_owned());
            row("Started", status.bool("started").to_string());
            if status.bool("started") {
                let (progress, required) = (number("progress"), number("required"));
                let note = if progress == required { " (verification in progress)" } else { "" };
                row("Progress", format!("{progress}/{required}{note}"));
                for (title, key) in [("New Shares", "n"), ("New Threshold", "t")] {
                    if number(key) > 0 {
                        row(title, number(key).to_string());
                    }
                }
                row("Verification Required", status.bool("verification_required").to_string());
                if !status.text("verification_nonce").is_empty() {
                    row("Verification Nonce", status.text("verification_nonce").to_owned());
                }
            }
            let fingerprints = status.texts("pgp_fingerprints");
            if !fingerprints.is_empty() {
                row("PGP Fingerprints", format!("[{}]", fingerprints.join(" ")));
                row("Backup", status.bool("backup").to_string());
            }
        }
    }
    session.ui.output(&columns_with_header(rows));
    Ok(Exit::OK)
}

fn as_output(status: &Map, stage: Stage) -> Json {
    let number = |key: &str| Json::number(status.integer(key));
    let mut shown = Map::of([
        ("nonce", Json::text(status.text("nonce"))),
        ("started", status.bool("started").into()),
        ("t", number("t")),
        ("n", number("n")),
        ("progress", number("progress")),
    ]);
    if stage == Stage::Rekey {
        shown.set("required", number("required"));
        shown.set("pgp_fingerprints", status.get("pgp_fingerprints").cloned().unwrap_or(Json::Null));
        shown.set("backup", status.bool("backup").into());
        shown.set("verification_required", status.bool("verification_required").into());
        shown.set("verification_nonce", Json::text(status.text("verification_nonce")));
    }
    shown.into()
}

fn provide(session: &mut Session, flags: &Matches, client: &Client, target: Target, stage: Stage) -> Outcome {
    let status = stage.read(client, target);
    let status = status.map_err(|error| Failure::server(format!("Error getting rekey status: {error}")))?;
    if !status.bool("started") {
        return Err(Failure::local(wrap(&format!(
            "No rekey is in progress. Start a rekey process by running \"{} operator rekey -init\".",
            session.program
        ))));
    }
    let asking = Asking { nonce_title: "Rekey operation nonce", key_title: target.key_title(), article: "the" };
    let share = share(session, flags, &asking, status.text("nonce"), flags.get(&NONCE))?;
    let part = if stage == Stage::Rekey { "update" } else { "verify" };
    let body = Map::of([("key", Json::Text(share.key)), ("nonce", Json::text(share.nonce))]);
    let updated = client.send(&Request::put(target.path(part)).json(body)).and_then(|answer| answer.map());
    let updated = updated.map_err(|error| Failure::server(format!("Error posting unseal key: {error}")))?;
    if !updated.bool("complete") {
        return self::status(session, client, target, stage);
    }
    if stage == Stage::Verification {
        session.ui.output(&wrap(
            "Rekey verification successful. The rekey operation is complete and the new keys are now active.",
        ));
        return Ok(Exit::OK);
    }
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &completed(&updated));
    }
    session.ui.output("");
    show_keys(session, &updated);
    show_what_next(session, client, target, &status, &updated)
}

fn completed(updated: &Map) -> Json {
    let list = |key: &str| updated.get(key).cloned().unwrap_or(Json::Null);
    let mut shown = Map::of([
        ("nonce", Json::text(updated.text("nonce"))),
        ("complete", updated.bool("complete").into()),
        ("keys", list("keys")),
        ("keys_base64", list("keys_base64")),
        ("pgp_fingerprints", list("pgp_fingerprints")),
        ("backup", updated.bool("backup").into()),
        ("verification_required", updated.bool("verification_required").into()),
    ]);
    if !updated.text("verification_nonce").is_empty() {
        shown.set("verification_nonce", updated.text("verification_nonce").into());
    }
    shown.into()
}

fn show_keys(session: &mut Session, updated: &Map) {
    let (hex, base64) = (updated.texts("keys"), updated.texts("keys_base64"));
    let fingerprints = updated.texts("pgp_fingerprints");
    let shown = if base64.len() == hex.len() { &base64 } else { &hex };
    for (at, key) in shown.iter().enumerate() {
        let line = match fingerprints.get(at) {
            Some(fingerprint) => format!("Key {} fingerprint: {fingerprint}; value: {key}", at + 1),
            None => format!("Key {}: {key}", at + 1),
        };
        session.ui.output(&line);
    }
}

fn show_what_next(session: &mut Session, client: &Client, target: Target, status: &Map, updated: &Map) -> Outcome {
    if updated.texts("keys").is_empty() {
        session.ui.output("\nBarrier root key rotated using recovery keys.");
        return Ok(Exit::OK);
    }
    if !updated.text("nonce").is_empty() {
        session.ui.output(&format!("\nOperation nonce: {}", updated.text("nonce")));
    }
    let (shares, threshold) = (status.integer("n"), status.integer("t"));
    if !status.bool("verification_required") {
        let text = match target {
            Target::Barrier => format!(
                "Vault unseal keys rekeyed to {shares} key shares and a key threshold of {threshold}. Please securely \
                 distribute the key shares printed above. When Vault is re-sealed, restarted, or stopped, you must \
                 supply at least {threshold} of these keys to unseal it before it can start servicing requests."
            ),
            Target::Recovery => format!(
                "Vault recovery keys rekeyed to {shares} key shares and a key threshold of {threshold}. Please \
                 securely distribute the key shares printed above."
            ),
        };
        session.ui.output(&format!("\n{}", wrap(&text)));
        return Ok(Exit::OK);
    }
    let (created, lost) = match target {
        Target::Barrier => (
            format!(
                "Vault has created a new unseal key, split into {shares} key shares and a key threshold of \
                 {threshold}. These will not be active until after verification is complete. Please securely \
                 distribute the key shares printed above. When Vault is re-sealed, restarted, or stopped, you must \
                 supply at least {threshold} of these keys to unseal it before it can start servicing requests."
            ),
            "unseal",
        ),
        Target::Recovery => (
            format!(
                "Vault has created a new recovery key, split into {shares} key shares and a key threshold of \
                 {threshold}. These will not be active until after verification is complete. Please securely \
                 distribute the key shares printed above."
            ),
            "authenticate with",
        ),
    };
    session.ui.output(&format!("\n{}\n", wrap(&created)));
    session.ui.warn(&wrap(&format!(
        "Again, these key shares are _not_ valid until verification is performed. Do not lose or discard your current \
         key shares until after verification is complete or you will be unable to {lost} Vault. If you cancel the \
         rekey process or seal Vault before verification is complete the new shares will be discarded and the current \
         shares will remain valid."
    )));
    session.ui.output("");
    session.ui.warn(&wrap("The current verification status, including initial nonce, is shown below."));
    session.ui.output("");
    self::status(session, client, target, Stage::Verification)
}
