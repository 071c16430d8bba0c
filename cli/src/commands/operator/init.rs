use crate::client::{Client, Request};
use crate::command::{Action, Arguments, Command, Run};
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::output::Output;
use crate::flags::{Group, Integer, Matches, Switch, Text};
use crate::output::{Format, print};
use crate::session::Session;
use crate::value::{Json, Map};
use crate::wrap::wrap;

const DEFAULT_SHARES: i64 = 5;
const DEFAULT_THRESHOLD: i64 = 3;

static KEY_SHARES: Integer =
    Integer::new("key-shares", "Into how many shares the unseal key is split. Without it: 5.").alias("n");
static KEY_THRESHOLD: Integer =
    Integer::new("key-threshold", "How many of the shares are needed to unseal. Without it: 3.").alias("t");
static PGP_KEYS: Text =
    Text::new("pgp-keys", "Files with PGP keys to encrypt the shares with, set apart by commas.").files();
static RECOVERY_PGP_KEYS: Text =
    Text::new("recovery-pgp-keys", "Files with PGP keys to encrypt the recovery shares with, set apart by commas.")
        .files();
static RECOVERY_SHARES: Integer =
    Integer::new("recovery-shares", "Into how many shares the recovery key is split.").or("5");
static RECOVERY_THRESHOLD: Integer =
    Integer::new("recovery-threshold", "How many of the shares are needed to recover.").or("3");
static ROOT_TOKEN_PGP_KEY: Text =
    Text::new("root-token-pgp-key", "File with the PGP key to encrypt the root token with.").files();
static STATUS: Switch = Switch::new(
    "status",
    "Only print whether the server is initialized. It exits with 0 if it is, 1 on an error, and 2 if it is not.",
)
.or("false");

pub(super) static COMMAND: Command = Command {
    name: "init",
    synopsis: "Initializes a server",
    usage: "[options]",
    about: "Prepares the storage of a new cluster and prints the shares of its unseal key and its first root token. \
            They are shown this once; with too few shares the data is lost for good.",
    examples: &[
        ("", "{} operator init"),
        ("With other numbers of shares", "{} operator init -key-shares=3 -key-threshold=2"),
    ],
    action: Action::Run(Run::new(Arguments::NONE, Output::Format, run).flags(&[
        Group {
            title: "Common Options",
            flags: &[&KEY_SHARES, &KEY_THRESHOLD, &PGP_KEYS, &ROOT_TOKEN_PGP_KEY, &STATUS],
        },
        Group { title: "Auto Unseal Options", flags: &[&RECOVERY_PGP_KEYS, &RECOVERY_SHARES, &RECOVERY_THRESHOLD] },
    ])),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    for (flag, name) in [
        (&PGP_KEYS, "-pgp-keys"),
        (&RECOVERY_PGP_KEYS, "-recovery-pgp-keys"),
        (&ROOT_TOKEN_PGP_KEY, "-root-token-pgp-key"),
    ] {
        super::rekey_target::refuse_pgp(flags.given(flag), name)?;
    }
    let client = session.client(flags)?;
    if flags.get(&STATUS) {
        return status(session, &client);
    }
    let seal = client.send(&Request::get("sys/seal-status").always_sent()).and_then(|answer| answer.map());
    let seal = seal.map_err(|error| Failure::server(error.to_string()))?;
    let numbers = Numbers::of(flags, seal.bool("recovery_seal"));
    let answer = client.send(&Request::put("sys/init").json(numbers.body())).and_then(|answer| answer.map());
    let answer = answer.map_err(|error| Failure::server(format!("Error initializing: {error}")))?;
    if session.ui.format != Format::Table {
        return print(&mut session.ui, &numbers.as_output(&answer));
    }
    show(session, &numbers, &answer);
    Ok(Exit::OK)
}

fn status(session: &mut Session, client: &Client) -> Outcome {
    let answer = client.send(&Request::get("sys/init")).and_then(|answer| answer.map());
    let answer = answer.map_err(|error| Failure::server(format!("Error checking init status: {error}")))?;
    let initialized = answer.bool("initialized");
    if session.ui.format == Format::Table {
        session.ui.output(if initialized { "Vault is initialized" } else { "Vault is not initialized" });
    } else {
        print(&mut session.ui, &Map::of([("Initialized", initialized.into())]).into())?;
    }
    Ok(if initialized { Exit::OK } else { Exit::NOT_READY })
}

struct Numbers {
    shares: i64,
    threshold: i64,
    recovery_shares: i64,
    recovery_threshold: i64,
}

impl Numbers {
    fn of(flags: &Matches, recovery_seal: bool) -> Self {
        let (shares, threshold) = (flags.get(&KEY_SHARES), flags.get(&KEY_THRESHOLD));
        if recovery_seal {
            return Self {
                shares,
                threshold,
                recovery_shares: flags.get(&RECOVERY_SHARES),
                recovery_threshold: flags.get(&RECOVERY_THRESHOLD),
            };
        }
        Self {
            shares: if shares == 0 { DEFAULT_SHARES } else { shares },
            threshold: if threshold == 0 { DEFAULT_THRESHOLD } else { threshold },
            recovery_shares: 0,
            recovery_threshold: 0,
        }
    }

    fn body(&self) -> Map {
        Map::of([
            ("secret_shares", Json::number(self.shares)),
            ("secret_threshold", Json::number(self.threshold)),
            ("pgp_keys", Json::Null),
            ("recovery_shares", Json::number(self.recovery_shares)),
            ("recovery_threshold", Json::number(self.recovery_threshold)),
            ("recovery_pgp_keys", Json::Null),
            ("root_token_pgp_key", "".into()),
        ])
    }

    /// What programs are shown.
    fn as_output(&self, answer: &Map) -> Json {
        let list = |key: &str| answer.get(key).cloned().unwrap_or_else(|| Json::List(Vec::new()));
        let has_keys = !answer.texts("keys").is_empty();
        let (shares, threshold) = if has_keys { (self.shares, self.threshold) } else { (1, 1) };
        Map::of([
            ("unseal_keys_b64", list("keys_base64")),
            ("unseal_keys_hex", list("keys")),
            ("unseal_shares", Json::number(shares)),
            ("unseal_threshold", Json::number(threshold)),
            ("recovery_keys_b64", list("recovery_keys_base64")),
            ("recovery_keys_hex", list("recovery_keys")),
            ("recovery_keys_shares", Json::number(self.recovery_shares)),
            ("recovery_keys_threshold", Json::number(self.recovery_threshold)),
            ("root_token", answer.text("root_token").into()),
        ])
        .into()
    }
}

fn show(session: &mut Session, numbers: &Numbers, answer: &Map) {
    let mut keys = |title: &str, hex: &str, base64: &str| {
        let (hex, base64) = (answer.texts(hex), answer.texts(base64));
        let shown = if base64.len() == hex.len() { &base64 } else { &hex };
        for (at, key) in shown.iter().enumerate() {
            session.ui.output(&format!("{title} Key {}: {key}", at + 1));
        }
        !hex.is_empty()
    };
    let has_keys = keys("Unseal", "keys", "keys_base64");
    let has_recovery_keys = keys("Recovery", "recovery_keys", "recovery_keys_base64");
    session.ui.output(&format!("\nInitial Root Token: {}", answer.text("root_token")));
    let mut paragraph = |text: &str| session.ui.output(&format!("\n{}", wrap(text)));
    if has_keys {
        let Numbers { shares, threshold, .. } = numbers;
        paragraph(&format!(
            "Vault initialized with {shares} key shares and a key threshold of {threshold}. Please securely distribute \
             the key shares printed above. When the Vault is re-sealed, restarted, or stopped, you must supply at \
             least {threshold} of these keys to unseal it before it can start servicing requests."
        ));
        paragraph(&format!(
            "Vault does not store the generated root key. Without at least {threshold} keys to reconstruct the root \
             key, Vault will remain permanently sealed!"
        ));
        let program = session.program.clone();
        session.ui.output(&format!(
            "\n{}",
            wrap(&format!(
                "It is possible to generate new unseal keys, provided you have a quorum of existing unseal keys \
                 shares. See \"{program} operator rekey\" for more information."
            ))
        ));
    } else {
        paragraph("Success! Vault is initialized");
    }
    if has_recovery_keys {
        session.ui.output(&format!(
            "\n{}",
            wrap(&format!(
                "Recovery key initialized with {} key shares and a key threshold of {}. Please securely distribute \
                 the key shares printed above.",
                numbers.recovery_shares, numbers.recovery_threshold
            ))
        ));
    }
}
