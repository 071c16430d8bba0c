//! Storage for the tests: a whole node in memory with a real log, shared by all tests; each has a mount of its own on it.

use std::sync::{Arc, OnceLock};

use coffer_cluster::{Cluster, ClusterOptions};
use coffer_core::active::{Active, Settings};
use coffer_core::audit_log::AuditLog;
use coffer_core::clock::SystemClock;
use coffer_core::lifecycle::{Node, NodeParts};
use coffer_core::mount::{Mount, MountKind, Registry};
use coffer_core::{Backend, Call, Context, Failure, Response, Timestamp};
use tokio::runtime::Runtime;

/// What is stored, as far as it lies below one mount.
pub(crate) struct State {
    prefix: String,
}

impl State {
    pub(crate) fn of(mount: &Mount) -> Self {
        Self { prefix: mount.storage_prefix().to_owned() }
    }

    /// Runs `work` and commits what it wrote; gives the paths that changed, relative to the mount.
    pub(crate) fn transact<T>(
        &self,
        mount: &Mount,
        now: Timestamp,
        work: impl FnOnce(&mut Context<'_>) -> Result<T, Failure>,
    ) -> Result<(T, Vec<String>), Failure> {
        let (runtime, active) = node();
        let mut tx = active.transaction();
        let done = work(&mut Context::new(&mut tx, mount, now, active))?;
        let command = tx.into_command()?;
        let keys = command.puts.iter().map(|put| &put.key).chain(&command.deletes);
        let changed = keys.filter_map(|key| key.strip_prefix(&self.prefix)).map(str::to_owned).collect();
        if !command.is_empty() {
            runtime.block_on(active.store.commit(command))?;
        }
        Ok((done, changed))
    }

    /// Stores entries as they are, by path relative to the mount.
    pub(crate) fn put_all(&self, entries: impl Iterator<Item = (String, Vec<u8>)>) {
        let (runtime, active) = node();
        let mut tx = active.transaction();
        entries.for_each(|(path, value)| tx.put(format!("{}{path}", self.prefix), value));
        runtime.block_on(active.store.commit(tx.into_command().unwrap())).unwrap();
    }

    /// Paths of all entries, relative to the mount.
    pub(crate) fn paths(&self) -> Vec<String> {
        let keys = node().1.store.scan(&self.prefix, "", usize::MAX).unwrap();
        keys.into_iter().map(|key| key[self.prefix.len()..].to_owned()).collect()
    }
}

fn node() -> &'static (Runtime, Arc<Active>) {
    static NODE: OnceLock<(Runtime, Arc<Active>)> = OnceLock::new();
    NODE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let active = runtime.block_on(start());
        (runtime, active)
    })
}

async fn start() -> Arc<Active> {
    let cluster = Cluster::open(ClusterOptions::in_memory()).await.unwrap();
    let others = [(MountKind::Secrets, "system"), (MountKind::Secrets, "identity"), (MountKind::Auth, "token")];
    let registry = others.into_iter().fold(crate::register(Registry::default()), |registry, (kind, name)| {
        registry.with(kind, name, Box::new(|_| Ok(Arc::new(Other))))
    });
    let node = Node::start(NodeParts {
        store: Arc::clone(&cluster) as _,
        cluster: Arc::clone(&cluster) as _,
        clock: Arc::new(SystemClock),
        settings: Arc::new(Settings::default()),
        registry: Arc::new(registry),
        audit: Arc::new(AuditLog::new(coffer_audit::Environment::default(), Arc::new(coffer_audit::NoMetrics))),
        telemetry: Arc::default(),
        logs: Arc::new(coffer_core::local::NoLogs),
    })
    .unwrap();
    let request = coffer_seal::InitRequest {
        secret_shares: 1,
        secret_threshold: 1,
        pgp_keys: 0,
        recovery_shares: 0,
        recovery_threshold: 0,
        recovery_pgp_keys: 0,
    };
    let made = node.init(request, None).await.unwrap();
    for share in made.shares {
        node.unseal(share).await.unwrap();
    }
    let active = node.active().expect("the node serves once it is unsealed");
    // It lives as long as the tests do.
    std::mem::forget((node, cluster));
    active
}

/// Stands for what other crates mount.
struct Other;

impl Backend for Other {
    fn handle(&self, _: &mut Context<'_>, _: &Call<'_>) -> Result<Response, Failure> {
        Err(Failure::UnsupportedPath)
    }
}
