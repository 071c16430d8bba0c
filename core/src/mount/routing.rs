//! From a request's path to the mount that serves it.

use std::collections::BTreeMap;
use std::sync::Arc;

use coffer_model::Revision;
use coffer_telemetry::Telemetry;

use super::{Mount, MountKind, MountTable, Registry, RouteTimings};
use crate::{Backend, Failure, SpecialPaths, Transaction};

/// A mount with its live backend.
pub struct Mounted {
    /// The row of the table.
    pub mount: Mount,
    /// What serves it.
    pub backend: Arc<dyn Backend>,
    /// How long it takes.
    pub timings: RouteTimings,
    special: SpecialPaths,
}

/// Whether a path needs `sudo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// The usual capabilities.
    Plain,
    /// `sudo` besides.
    Root,
}

impl Mounted {
    pub(crate) fn new(mount: Mount, backend: Arc<dyn Backend>, telemetry: &Telemetry) -> Self {
        let special = backend.special();
        let timings = RouteTimings::of(telemetry, &mount.type_name);
        Self { mount, backend, timings, special }
    }

    /// Whether the path, relative to the mount, is served without a token.
    pub fn is_unauthenticated(&self, path: &str) -> bool {
        self.special.unauthenticated.iter().any(|pattern| special_matches(pattern, path))
    }

    /// Whether the path, relative to the mount, needs `sudo`.
    pub fn protection(&self, path: &str) -> Protection {
        let root = self.special.root.iter().any(|pattern| special_matches(pattern, path));
        if root { Protection::Root } else { Protection::Plain }
    }
}

/// A trailing `*` matches all that begins so, `+` one segment.
fn special_matches(pattern: &str, path: &str) -> bool {
    let (pattern, open) = match pattern.strip_suffix('*') {
        Some(prefix) => (prefix, true),
        None => (pattern, false),
    };
    if !pattern.contains('+') {
        return if open { path.starts_with(pattern) } else { path == pattern };
    }
    let mut wanted = pattern.split('/').peekable();
    let mut given = path.split('/');
    while let Some(want) = wanted.next() {
        let Some(have) = given.next() else { return false };
        let last = wanted.peek().is_none();
        let fits = want == "+" || if last && open { have.starts_with(want) } else { have == want };
        if !fits {
            return false;
        }
    }
    open || given.next().is_none()
}

/// All mounts of both tables, by API path without its slash. Never changed, only replaced.
#[derive(Default)]
pub struct Routing {
    by_path: BTreeMap<String, Arc<Mounted>>,
    /// Of the tables of secrets and of auth methods, as they were read.
    revisions: [Option<Revision>; 2],
}

impl Routing {
    /// Builds the backends of both tables; those of `old` whose mount did not change live on.
    pub fn build(
        registry: &Registry,
        telemetry: &Telemetry,
        tables: [&MountTable; 2],
        old: &Self,
    ) -> Result<Self, Failure> {
        let mut by_path = BTreeMap::new();
        for mount in tables.into_iter().flat_map(|table| &table.entries).filter(|mount| !mount.tainted) {
            let kept = old.by_path.values().find(|old| {
                old.mount.uuid == mount.uuid && old.mount.options == mount.options && old.mount.path == mount.path
            });
            let backend = match kept {
                Some(old) => Arc::clone(&old.backend),
                None => match registry.build(mount) {
                    Ok(backend) => backend,
                    Err(failure) => {
                        // Of a restored state: its data is kept, and all else is served.
                        tracing::error!(
                            mount = mount.api_path(),
                            "a mount cannot be served by this release: {failure}"
                        );
                        continue;
                    }
                },
            };
            by_path
                .insert(name(&mount.api_path()).to_owned(), Arc::new(Mounted::new(mount.clone(), backend, telemetry)));
        }
        Ok(Self { by_path, revisions: [None; 2] })
    }

    /// Built from the tables as `tx` read them.
    #[must_use]
    pub(super) fn read_by(mut self, tx: &Transaction) -> Self {
        self.revisions = [MountKind::Secrets, MountKind::Auth].map(|kind| tx.revision_read(kind.storage_path()));
        self
    }

    /// Nothing is to be written for a mount that is gone, or elsewhere, by the time of the commit: what its clearing has
    /// passed would stay for ever, and who logged in through it would be let in.
    pub(crate) fn guard(&self, tx: &mut Transaction, mounted: &Mounted) {
        let kind = mounted.mount.kind;
        let [secrets, auth] = self.revisions;
        tx.rest_on(kind.storage_path(), if kind == MountKind::Secrets { secrets } else { auth });
    }

    /// The mount with the longest path that begins `path`, and the rest of the path. A mount's own path may come without
    /// its slash.
    pub fn find<'p>(&self, path: &'p str) -> Option<(&Arc<Mounted>, &'p str)> {
        let mut name = path;
        loop {
            if let Some(mounted) = self.by_path.get(name) {
                let rest = &path[name.len()..];
                return Some((mounted, rest.strip_prefix('/').unwrap_or(rest)));
            }
            name = &name[..name.rfind('/')?];
        }
    }

    /// All mounts in the order of their API paths.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Mounted>> {
        self.by_path.values()
    }

    /// The mount at exactly this API path (trailing slash and all).
    pub fn at(&self, api_path: &str) -> Option<&Arc<Mounted>> {
        self.by_path.get(name(api_path))
    }

    /// The mount of an accessor.
    pub fn by_accessor(&self, accessor: &str) -> Option<&Arc<Mounted>> {
        self.by_path.values().find(|mounted| mounted.mount.accessor == accessor)
    }

    /// The mount whose storage holds a key, and the key relative to it.
    pub fn by_storage_key<'k>(&self, key: &'k str) -> Option<(&Arc<Mounted>, &'k str)> {
        self.by_path
            .values()
            .find_map(|mounted| key.strip_prefix(mounted.mount.storage_prefix()).map(|rest| (mounted, rest)))
    }
}

/// An API path without its slash: what mounts are found by.
fn name(api_path: &str) -> &str {
    api_path.strip_suffix('/').unwrap_or(api_path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mount::MountKind;
    use crate::{Call, Context, Response};

    struct Nothing;

    impl Backend for Nothing {
        fn handle(&self, _cx: &mut Context<'_>, _call: &Call<'_>) -> Result<Response, Failure> {
            Ok(Response::empty())
        }
    }

    fn routing(paths: &[(MountKind, &str)]) -> Routing {
        let mounted = |(kind, path): &(MountKind, &str)| {
            let mount = Mount::new(*kind, path, "kv");
            (name(&mount.api_path()).to_owned(), Arc::new(Mounted::new(mount, Arc::new(Nothing), &Telemetry::new())))
        };
        Routing { by_path: paths.iter().map(mounted).collect(), ..Routing::default() }
    }

    #[test]
    fn the_longest_mount_serves() {
        let routing =
            routing(&[(MountKind::Secrets, "kv/"), (MountKind::Secrets, "kv2/deep/"), (MountKind::Auth, "up/")]);
        let found = |path: &'static str| routing.find(path).map(|(mounted, rest)| (mounted.mount.path.clone(), rest));
        assert_eq!(found("kv/a/b"), Some(("kv/".into(), "a/b")));
        assert_eq!(found("kv/"), Some(("kv/".into(), "")));
        assert_eq!(found("kv2/deep/x"), Some(("kv2/deep/".into(), "x")));
        assert_eq!(found("auth/up/login/x"), Some(("up/".into(), "login/x")));
        assert_eq!(found("kv"), Some(("kv/".into(), "")));
        assert_eq!(found("kv2/x"), None);
        assert_eq!(found("auth/none"), None);
        assert_eq!(found("kv2"), None);
    }

    #[test]
    fn special_paths_match_whole_prefix_or_segment() {
        assert!(special_matches("login/*", "login/ann"));
        assert!(!special_matches("login/*", "logins"));
        assert!(special_matches("wrapping/lookup", "wrapping/lookup"));
        assert!(!special_matches("wrapping/lookup", "wrapping/lookup/x"));
        assert!(special_matches("a/+/c", "a/b/c"));
        assert!(!special_matches("a/+/c", "a/b/d/c"));
        assert!(special_matches("a/+/c*", "a/b/cd/e"));
    }
}
