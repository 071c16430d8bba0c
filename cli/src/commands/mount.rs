//! What secrets engines and auth methods have in common: both are mounts.

use std::time::Duration;

use crate::client::{Client, Request, RequestError};
use crate::duration::Span;
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::{Integer, Matches, Pairs, Switch, Text, TextList, Time};
use crate::output::{Format, columns_with_header, go_value, print};
use crate::session::Session;
use crate::value::{Json, Map};

/// How often a move is asked after.
const MOVE_POLL: Duration = Duration::from_millis(500);

pub(super) static ALLOWED_RESPONSE_HEADERS: TextList =
    TextList::new("allowed-response-headers", "Response header that the plugin may set. Can be given several times.");
pub(super) static AUDIT_NON_HMAC_REQUEST_KEYS: TextList = TextList::new(
    "audit-non-hmac-request-keys",
    "Key of requests that audit devices write in clear. Can be given several times.",
);
pub(super) static AUDIT_NON_HMAC_RESPONSE_KEYS: TextList = TextList::new(
    "audit-non-hmac-response-keys",
    "Key of responses that audit devices write in clear. Can be given several times.",
);
pub(super) static DEFAULT_LEASE_TTL: Time = Time::new(
    "default-lease-ttl",
    "Default TTL of leases. Without it the server's default holds, or what was set before.",
);
pub(super) static DESCRIPTION: Text = Text::new("description", "What it is for, in words.");
pub(super) static DETAILED: Switch =
    Switch::new("detailed", "Also print TTLs, versions and other settings.").or("false");
pub(super) static EXTERNAL_ENTROPY_ACCESS: Switch =
    Switch::new("external-entropy-access", "Let it use an external source of entropy.").or("false");
pub(super) static FORCE_NO_CACHE: Switch = Switch::new("force-no-cache", "Do not cache its storage.").or("false");
pub(super) static LISTING_VISIBILITY: Text =
    Text::new("listing-visibility", "Whether it is listed for those who are not logged in: \"unauth\" or \"hidden\".")
        .words(&["unauth", "hidden"]);
pub(super) static LOCAL: Switch = Switch::new("local", "Keep it to this cluster: it is not replicated.").or("false");
pub(super) static MAX_LEASE_TTL: Time =
    Time::new("max-lease-ttl", "Longest TTL of leases. Without it the server's maximum holds, or what was set before.");
pub(super) static OPTIONS: Pairs =
    Pairs::new("options", "Option of the mount, as key=value. Can be given several times.");
pub(super) static PASSTHROUGH_REQUEST_HEADERS: TextList = TextList::new(
    "passthrough-request-headers",
    "Request header that is handed to the plugin. Can be given several times.",
);
pub(super) static PATH: Text = Text::new("path", "Where to mount it. Without it the type is the path.");
pub(super) static PLUGIN_NAME: Text = Text::new("plugin-name", "Name of the plugin, where the type is \"plugin\".");
pub(super) static PLUGIN_VERSION: Text = Text::new("plugin-version", "Version of the plugin to run.");
pub(super) static SEAL_WRAP: Switch =
    Switch::new("seal-wrap", "Encrypt critical values once more, with the seal.").or("false");
pub(super) static TOKEN_TYPE: Text = Text::new("token-type", "Type of the tokens that it gives out.").words(&[
    "default-service",
    "default-batch",
    "service",
    "batch",
]);
pub(super) static VERSION: Integer = Integer::new("version", "Version of the engine or method, where it has several.");

/// Settings of a mount that is to be tuned; those left out stay.
#[derive(Default)]
pub(super) struct Tuning {
    pub(super) options: Vec<(String, String)>,
    pub(super) default_lease_ttl: Span,
    pub(super) max_lease_ttl: Span,
    pub(super) settings: Map,
}

impl Tuning {
    pub(super) fn of_flags(flags: &Matches) -> Self {
        Self {
            options: options(flags),
            default_lease_ttl: flags.get(&DEFAULT_LEASE_TTL),
            max_lease_ttl: flags.get(&MAX_LEASE_TTL),
            settings: given_settings(flags, true),
        }
    }
}

/// Changes a mount's settings. `lockout` are those of user lockout.
pub(super) fn tune(client: &Client, path: &str, tuning: Tuning, lockout: Option<Map>) -> Result<(), RequestError> {
    let mut body = Map::of([
        ("options", options_json(&tuning.options)),
        ("default_lease_ttl", Json::text(tuning.default_lease_ttl.for_tuning())),
    ]);
    if let Some(description) = tuning.settings.entry("description") {
        body.set("description", description.clone());
    }
    body.set("max_lease_ttl", Json::text(tuning.max_lease_ttl.for_tuning()));
    body.set("force_no_cache", false.into());
    tuning.settings.iter().for_each(|(key, value)| body.set(key, value.clone()));
    if let Some(lockout) = lockout {
        body.set("user_lockout_config", lockout.into());
    }
    client.send(&Request::post(format!("sys/mounts/{}/tune", path.trim_end_matches('/'))).json(body)).map(|_| ())
}

/// The body that mounts a thing of type `kind`.
pub(super) fn enabling(flags: &Matches, kind: &str) -> Map {
    let mut config = Map::of([
        ("options", Json::Null),
        ("default_lease_ttl", Json::text(flags.get(&DEFAULT_LEASE_TTL).to_string())),
        ("max_lease_ttl", Json::text(flags.get(&MAX_LEASE_TTL).to_string())),
        ("force_no_cache", flags.get(&FORCE_NO_CACHE).into()),
    ]);
    given_settings(flags, false).iter().for_each(|(key, value)| config.set(key, value.clone()));
    Map::of([
        ("type", kind.into()),
        ("description", Json::text(flags.get(&DESCRIPTION))),
        ("config", config.into()),
        ("local", flags.get(&LOCAL).into()),
        ("seal_wrap", flags.get(&SEAL_WRAP).into()),
        ("external_entropy_access", flags.get(&EXTERNAL_ENTROPY_ACCESS).into()),
        ("options", options_json(&options(flags))),
    ])
}

/// Type and path of what is to be mounted.
pub(super) fn kind_and_path(flags: &Matches) -> (String, String) {
    let typed = flags.arguments[0].trim();
    let kind = if typed == "plugin" { flags.get(&PLUGIN_NAME) } else { typed.to_owned() };
    let path = flags.get(&PATH);
    let path = if path.is_empty() { kind.clone() } else { path };
    (kind, super::path::folder(&path))
}

/// ` version 1.2.3`, where one was asked for.
pub(super) fn version_suffix(flags: &Matches) -> String {
    match flags.get(&PLUGIN_VERSION).as_str() {
        "" => String::new(),
        version => format!(" version {version}"),
    }
}

/// Settings whose flags were typed.
fn given_settings(flags: &Matches, tuning: bool) -> Map {
    let mut map = Map::new();
    if tuning && flags.given(&DESCRIPTION) {
        map.set("description", Json::text(flags.get(&DESCRIPTION)));
    }
    let lists = [
        ("audit_non_hmac_request_keys", &AUDIT_NON_HMAC_REQUEST_KEYS),
        ("audit_non_hmac_response_keys", &AUDIT_NON_HMAC_RESPONSE_KEYS),
    ];
    let more_lists = [
        ("passthrough_request_headers", &PASSTHROUGH_REQUEST_HEADERS),
        ("allowed_response_headers", &ALLOWED_RESPONSE_HEADERS),
    ];
    let add_lists = |map: &mut Map, lists: [(&str, &'static TextList); 2]| {
        for (key, flag) in lists.into_iter().filter(|(_, flag)| flags.given(*flag)) {
            map.set(key, Json::texts(flags.get(flag)));
        }
    };
    add_lists(&mut map, lists);
    if flags.given(&LISTING_VISIBILITY) && !flags.get(&LISTING_VISIBILITY).is_empty() {
        map.set("listing_visibility", Json::text(flags.get(&LISTING_VISIBILITY)));
    }
    add_lists(&mut map, more_lists);
    for (key, flag) in [("token_type", &TOKEN_TYPE), ("plugin_version", &PLUGIN_VERSION)] {
        if flags.given(flag) && !flags.get(flag).is_empty() {
            map.set(key, Json::text(flags.get(flag)));
        }
    }
    map
}

fn options(flags: &Matches) -> Vec<(String, String)> {
    let mut options = flags.get(&OPTIONS);
    let version = flags.get(&VERSION);
    if version > 0 {
        options.retain(|(key, _)| key != "version");
        options.push(("version".to_owned(), version.to_string()));
    }
    options
}

fn options_json(options: &[(String, String)]) -> Json {
    if options.is_empty() {
        return Json::Null;
    }
    let map: Map = options.iter().map(|(key, value)| (key.clone(), Json::text(&**value))).collect();
    map.sorted().into()
}

/// What differs between the lists of secrets engines and of auth methods.
pub(super) struct Listing {
    pub(super) simple: &'static [(&'static str, &'static str)],
    /// Title and value of the sixth column of the detailed list.
    pub(super) sixth: (&'static str, fn(&Map) -> String),
}

/// Prints a table of mounts.
pub(super) fn list(session: &mut Session, flags: &Matches, mounts: &Map, listing: &Listing) -> Outcome {
    if session.ui.format != Format::Table {
        let mounts: Map = mounts.iter().map(|(path, mount)| (path.to_owned(), as_output(mount))).collect();
        return print(&mut session.ui, &mounts.sorted().into());
    }
    let rows = if flags.get(&DETAILED) { detailed_rows(mounts, listing) } else { simple_rows(mounts, listing) };
    session.ui.output(&columns_with_header(rows));
    Ok(Exit::OK)
}

fn simple_rows(mounts: &Map, listing: &Listing) -> Vec<Vec<String>> {
    let titles = std::iter::once("Path").chain(listing.simple.iter().map(|(title, _)| *title));
    let mut rows = vec![titles.map(str::to_owned).collect::<Vec<_>>()];
    for (path, mount) in sorted(mounts) {
        let cells = listing.simple.iter().map(|(_, field)| mount.text(field).to_owned());
        rows.push(std::iter::once(path.to_owned()).chain(cells).collect());
    }
    rows
}

fn detailed_rows(mounts: &Map, listing: &Listing) -> Vec<Vec<String>> {
    let header = [
        "Path",
        "Plugin",
        "Accessor",
        "Default TTL",
        "Max TTL",
        listing.sixth.0,
        "Replication",
        "Seal Wrap",
        "External Entropy Access",
        "Options",
        "Description",
        "UUID",
        "Version",
        "Running Version",
        "Running SHA256",
        "Deprecation Status",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for (path, mount) in sorted(mounts) {
        let empty = Map::new();
        let config = mount.get("config").and_then(Json::as_map).unwrap_or(&empty);
        let kind = mount.text("type");
        let ttl = |field: &str| match (kind, config.integer(field)) {
            ("system" | "cubbyhole", _) => String::new(),
            (_, 0) => "system".to_owned(),
            (_, seconds) => seconds.to_string(),
        };
        let options = mount.get("options").cloned().unwrap_or_else(|| Map::new().into());
        let replication = if mount.bool("local") { "local" } else { "replicated" };
        rows.push(vec![
            path.to_owned(),
            kind.to_owned(),
            mount.text("accessor").to_owned(),
            ttl("default_lease_ttl"),
            ttl("max_lease_ttl"),
            (listing.sixth.1)(config),
            replication.to_owned(),
            mount.bool("seal_wrap").to_string(),
            mount.bool("external_entropy_access").to_string(),
            go_value(&options),
            mount.text("description").to_owned(),
            mount.text("uuid").to_owned(),
            mount.text("plugin_version").to_owned(),
            mount.text("running_plugin_version").to_owned(),
            mount.text("running_sha256").to_owned(),
            mount.text("deprecation_status").to_owned(),
        ]);
    }
    rows
}

fn sorted(mounts: &Map) -> Vec<(&str, &Map)> {
    let mut mounts: Vec<_> = mounts.iter().filter_map(|(path, mount)| Some((path, mount.as_map()?))).collect();
    mounts.sort_by_key(|(path, _)| *path);
    mounts
}

/// A mount with the fields, and in the order, that programs are shown.
fn as_output(mount: &Json) -> Json {
    let empty = Map::new();
    let mount = mount.as_map().unwrap_or(&empty);
    let config = mount.get("config").and_then(Json::as_map).unwrap_or(&empty);
    let mut shown_config = Map::of([
        ("default_lease_ttl", Json::number(config.integer("default_lease_ttl"))),
        ("max_lease_ttl", Json::number(config.integer("max_lease_ttl"))),
        ("force_no_cache", config.bool("force_no_cache").into()),
    ]);
    for field in [
        "audit_non_hmac_request_keys",
        "audit_non_hmac_response_keys",
        "listing_visibility",
        "passthrough_request_headers",
        "allowed_response_headers",
        "token_type",
        "allowed_managed_keys",
    ] {
        let value = config.get(field).filter(|value| match value {
            Json::Text(text) => !text.is_empty(),
            Json::List(items) => !items.is_empty(),
            _ => false,
        });
        if let Some(value) = value {
            shown_config.set(field, value.clone());
        }
    }
    Map::of([
        ("uuid", mount.text("uuid").into()),
        ("type", mount.text("type").into()),
        ("description", mount.text("description").into()),
        ("accessor", mount.text("accessor").into()),
        ("config", shown_config.into()),
        ("options", mount.get("options").cloned().unwrap_or(Json::Null)),
        ("local", mount.bool("local").into()),
        ("seal_wrap", mount.bool("seal_wrap").into()),
        ("external_entropy_access", mount.bool("external_entropy_access").into()),
        ("plugin_version", mount.text("plugin_version").into()),
        ("running_plugin_version", mount.text("running_plugin_version").into()),
        ("running_sha256", mount.text("running_sha256").into()),
        ("deprecation_status", mount.text("deprecation_status").into()),
    ])
    .into()
}

/// Moves a mount and waits until that is done.
pub(super) fn relocate(session: &mut Session, flags: &Matches, thing: &str) -> Outcome {
    let [from, to] = [0, 1].map(|at| super::path::folder(&flags.arguments[at]));
    let client = session.client(flags)?;
    let body = Map::of([("from", Json::text(&*from)), ("to", Json::text(&*to))]);
    let started = client.send(&Request::post("sys/remount").json(body)).and_then(|answer| answer.data());
    let started = started.map_err(|error| Failure::server(format!("Error moving {thing} {from} to {to}: {error}")))?;
    let id = started.text("migration_id").to_owned();
    let about = format!("{thing} {from} to {to}, with migration ID {id}");
    session.ui.output(&format!("Started moving {about}"));
    let mut waiting = false;
    loop {
        let status = client.send(&Request::get(format!("sys/remount/status/{id}"))).and_then(|answer| answer.data());
        let status = status.map_err(|error| {
            Failure::server(format!("Error checking migration status of {thing} {from} to {to}: {error}"))
        })?;
        let info = status.get("migration_info").and_then(Json::as_map);
        match info.map(|info| info.text("status")) {
            Some("success") => {
                session.ui.output(&format!("Success! Finished moving {about}"));
                return Ok(Exit::OK);
            }
            Some("failure") => {
                return Err(Failure::server(format!("Failure! Error encountered moving {about}")));
            }
            _ => {
                if !std::mem::replace(&mut waiting, true) {
                    session.ui.output(&format!("Waiting for terminal status in migration of {about}"));
                }
                std::thread::sleep(MOVE_POLL);
            }
        }
    }
}
