//! The engine mounted at `sys/`.

mod audit;
mod capabilities;
mod config;
mod counters;
mod ha;
mod host_info;
mod in_flight;
mod inspect;
mod internal_ui;
mod keys;
mod leases;
mod lockout;
mod loggers;
mod mounts;
mod openapi;
mod password_policies;
mod plugins;
mod policies;
mod pprof;
mod quotas;
pub(crate) mod raft;
mod root_rotation;
mod root_token;
mod seal;
mod snapshot;
mod tools;
mod version_history;
mod wrapping;

use std::borrow::Cow;

use coffer_core::framework::{PathHelp, Route, RouteTable};
use coffer_core::{Backend, Call, Context, Cost, Failure, Response, SpecialPaths, SystemAccess};

/// `sys/`.
pub struct SystemBackend {
    access: SystemAccess,
    routes: RouteTable<Self>,
}

/// Paths served without a token; each looks at the caller's token itself, if it needs one.
const UNAUTHENTICATED: &[&str] = &[
    "decode-token",
    "internal/specs/openapi",
    "internal/ui/mounts",
    "internal/ui/mounts/*",
    "internal/ui/namespaces",
    "replication/status",
    "wrapping/lookup",
    "wrapping/pubkey",
];

/// Paths that need `sudo`, as Vault has them.
const ROOT: &[&str] = &[
    "audit",
    "audit/*",
    "auth/*",
    "config/auditing/*",
    "config/cors",
    "config/ui/headers",
    "config/ui/headers/*",
    "internal/inspect/*",
    "leases",
    "leases/lookup/*",
    "leases/revoke-force/*",
    "leases/revoke-prefix/*",
    "plugins/catalog/*",
    "raw",
    "raw/*",
    "remount",
    "revoke-force/*",
    "revoke-prefix/*",
    "rotate",
    "rotate/keyring",
    "rotate/root",
    "seal",
    "step-down",
    "storage/raft/snapshot-auto/config/*",
];

impl SystemBackend {
    /// The backend, with leave to reach beyond its own storage.
    pub fn new(access: SystemAccess) -> Self {
        let groups: Vec<Vec<Route<Self>>> = vec![
            mounts::routes(),
            policies::routes(),
            capabilities::routes(),
            audit::routes(),
            tools::routes(),
            wrapping::routes(),
            leases::routes(),
            internal_ui::routes(),
            lockout::routes(),
            seal::routes(),
            snapshot::routes(),
            keys::routes(),
            root_rotation::routes(),
            root_token::routes(),
            quotas::routes(),
            password_policies::routes(),
            config::routes(),
            counters::routes(),
            ha::routes(),
            host_info::routes(),
            in_flight::routes(),
            inspect::routes(),
            loggers::routes(),
            openapi::routes(),
            plugins::routes(),
            raft::routes(),
            pprof::routes(),
            version_history::routes(),
        ];
        Self { access, routes: RouteTable::new(groups.into_iter().flatten().collect()) }
    }

    /// Leave to ask a [`Context`] for the whole transaction and the services.
    pub(crate) fn access(&self) -> &SystemAccess {
        &self.access
    }
}

impl Backend for SystemBackend {
    fn special(&self) -> SpecialPaths {
        SpecialPaths { unauthenticated: UNAUTHENTICATED, root: ROOT }
    }

    /// Names of policies fold case and lose white space at their ends; mounts and audit devices are the same with a slash
    /// more.
    fn canonical_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let bare = path.trim_end_matches('/');
        if bare.len() < path.len() && ["mounts/", "auth/", "audit/"].iter().any(|folder| bare.starts_with(folder)) {
            return Cow::Owned(bare.to_owned());
        }
        let folder = ["policies/acl/", "policy/"].into_iter().find(|folder| path.starts_with(folder));
        match folder.map(|folder| (folder, coffer_policy::sanitize_name(&path[folder.len()..]))) {
            Some((folder, name)) if path[folder.len()..] != name => Cow::Owned(format!("{folder}{name}")),
            _ => Cow::Borrowed(path),
        }
    }

    fn handle(&self, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Response, Failure> {
        self.routes.dispatch(self, cx, call)
    }

    /// Enabling an audit device waits for its first entry.
    fn cost(&self, call: &Call<'_>) -> Cost {
        if call.path == "host-info" || (call.path.starts_with("audit/") && call.operation.is_write()) {
            Cost::Heavy
        } else {
            Cost::Quick
        }
    }

    fn paths(&self) -> Vec<PathHelp> {
        self.routes.help().into_iter().chain(crate::node::paths()).collect()
    }
}
