//! `sys/mounts`, `sys/auth`: what is mounted where, and how it is tuned.

mod enable;
mod show;
mod tune;
mod unmount;

use coffer_core::Operation::{Delete, Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::mount::MountKind;

use super::SystemBackend;
pub(super) use show::{running_version, view};

const FIELDS: &[Field] = &[
    Field::new("path", Kind::Text, "Where it is mounted."),
    Field::new("type", Kind::Text, "Engine or method, for instance \"kv\"."),
    Field::new("description", Kind::Text, "Free text."),
    Field::new("config", Kind::Map, "Tuning: default_lease_ttl, max_lease_ttl, listing_visibility and so on."),
    Field::new("options", Kind::Pairs, "Options of the engine: version of a kv."),
    Field::new("local", Kind::Bool, "Kept out of replication between clusters; a mark without effect."),
    Field::new("seal_wrap", Kind::Bool, "A mark without effect under a Shamir seal."),
    Field::new("external_entropy_access", Kind::Bool, "A mark without effect."),
    Field::new("plugin_name", Kind::Text, "Name of the plugin; the type where there is none."),
    Field::new("plugin_version", Kind::Text, "Version of the plugin; only built-in ones are to be had."),
];

const TUNE_FIELDS: &[Field] = &[
    Field::new("path", Kind::Text, "The mount."),
    Field::new("default_lease_ttl", Kind::Text, "Life of leases that ask for none; \"system\" for the system's."),
    Field::new("max_lease_ttl", Kind::Text, "Longest life of leases; \"system\" for the system's."),
    Field::new("description", Kind::Text, "Free text."),
    Field::new("audit_non_hmac_request_keys", Kind::CommaList, "Request keys shown in clear in the audit log."),
    Field::new("audit_non_hmac_response_keys", Kind::CommaList, "Response keys shown in clear in the audit log."),
    Field::new("options", Kind::Pairs, "Options of the engine."),
    Field::new("listing_visibility", Kind::Text, "\"unauth\" or \"hidden\"."),
    Field::new("passthrough_request_headers", Kind::CommaList, "Request headers handed to the engine."),
    Field::new("allowed_response_headers", Kind::CommaList, "Response headers the engine may set."),
    Field::new("token_type", Kind::Text, "Kind of token that logins give."),
    Field::new("user_lockout_config", Kind::Map, "When logins are shut after failures."),
    Field::new("plugin_version", Kind::Text, "Version of the plugin."),
];

const REMOUNT_FIELDS: &[Field] = &[
    Field::new("from", Kind::Text, "Where it is mounted."),
    Field::new("to", Kind::Text, "Where it shall be mounted."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("mounts", &[], "List the secrets engines.")
            .on(Read, |backend, cx, _| show::all(backend, cx, MountKind::Secrets)),
        Route::new("mounts/{path...}", TUNE_FIELDS, "Tune a secrets engine.")
            .only_suffix("/tune")
            .on(Read, |backend, cx, matched| show::tuning(backend, cx, matched, MountKind::Secrets))
            .on(Update, |backend, cx, matched| tune::tune(backend, cx, matched, MountKind::Secrets)),
        Route::new("mounts/{path...}", FIELDS, "A secrets engine.")
            .on(Read, |backend, cx, matched| show::one(backend, cx, matched, MountKind::Secrets))
            .on(Update, |backend, cx, matched| enable::enable(backend, cx, matched, MountKind::Secrets))
            .on(Delete, |backend, cx, matched| unmount::unmount(backend, cx, matched, MountKind::Secrets)),
        Route::new("auth", &[], "List the auth methods.")
            .on(Read, |backend, cx, _| show::all(backend, cx, MountKind::Auth)),
        Route::new("auth/{path...}", TUNE_FIELDS, "Tune an auth method.")
            .only_suffix("/tune")
            .on(Read, |backend, cx, matched| show::tuning(backend, cx, matched, MountKind::Auth))
            .on(Update, |backend, cx, matched| tune::tune(backend, cx, matched, MountKind::Auth)),
        Route::new("auth/{path...}", FIELDS, "An auth method.")
            .on(Read, |backend, cx, matched| show::one(backend, cx, matched, MountKind::Auth))
            .on(Update, |backend, cx, matched| enable::enable(backend, cx, matched, MountKind::Auth))
            .on(Delete, |backend, cx, matched| unmount::unmount(backend, cx, matched, MountKind::Auth)),
        Route::new("remount", REMOUNT_FIELDS, "Move a mount to another path.").on(Update, unmount::remount),
        Route::new("remount/status/{migration_id}", &[], "How a move stands.").on(Read, unmount::remount_status),
    ]
}

/// The path of a mount as the tables have it: with a slash at its end.
fn mount_path(path: &str) -> String {
    let path = path.trim_end_matches('/');
    format!("{path}/")
}

/// The mount that is tuned: auth methods can be named in `sys/mounts` too, with `auth/` in front.
fn tuned(matched: &Matched<'_>, kind: MountKind) -> (MountKind, String) {
    let path = mount_path(matched.fields.capture("path"));
    match (kind, path.strip_prefix("auth/")) {
        (MountKind::Secrets, Some(path)) => (MountKind::Auth, path.to_owned()),
        (kind, _) => (kind, path),
    }
}
