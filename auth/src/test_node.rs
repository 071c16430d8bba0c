//! A whole node for the tests: a real pipeline over a real log in memory, with a clock that tests set.

use std::sync::Arc;
use std::time::Duration;

use coffer_cluster::{Cluster, ClusterOptions};
use coffer_core::active::{Active, Settings};
use coffer_core::audit_log::AuditLog;
use coffer_core::clock::Clock;
use coffer_core::lifecycle::{Node, NodeParts};
use coffer_core::mount::{Mount, MountKind, Mounts, Registry};
use coffer_core::{
    Backend, Body, Call, Context, Failure, Granted, Operation, Payload, Progress, Remote, Request, Response,
    SecretText, Timestamp, Transaction,
};
use parking_lot::Mutex;
use serde_json::{Map, Value};

pub(crate) struct TestNode {
    node: Arc<Node>,
    _cluster: Arc<Cluster>,
    clock: Arc<TestClock>,
    root: String,
}

/// Stands unless it is set.
struct TestClock(Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

impl TestNode {
    /// A node with one mount, `auth/KIND/`.
    pub(crate) async fn with(kind: &str) -> Self {
        let cluster = Cluster::open(ClusterOptions::in_memory()).await.unwrap();
        let clock = Arc::new(TestClock(Mutex::new(Timestamp::from_unix(1_800_000_000).unwrap())));
        let others = ["system", "identity", "cubbyhole"];
        let registry = others.into_iter().fold(crate::register(Registry::default()), |registry, name| {
            registry.with(MountKind::Secrets, name, Box::new(|_| Ok(Arc::new(Other))))
        });
        let node = Node::start(NodeParts {
            store: Arc::clone(&cluster) as _,
            cluster: Arc::clone(&cluster) as _,
            clock: Arc::clone(&clock) as _,
            settings: Arc::new(Settings::default()),
            registry: Arc::new(registry),
            audit: Arc::new(AuditLog::new(coffer_audit::Environment::default(), Arc::new(coffer_audit::NoMetrics))),
            telemetry: Arc::default(),
            logs: Arc::new(coffer_core::local::NoLogs),
        })
        .unwrap();
        let made = node.init(one_share(), None).await.unwrap();
        for share in made.shares {
            node.unseal(share).await.unwrap();
        }
        let this = Self { node, _cluster: cluster, clock, root: made.root_token.expose().to_owned() };
        this.mount(kind).await;
        this
    }

    async fn mount(&self, kind: &str) {
        let mount = Mount::new(MountKind::Auth, &format!("{kind}/"), kind);
        self.commit(|tx| {
            let mut table = Mounts::read(tx, MountKind::Auth).unwrap();
            table.entries.push(mount);
            Mounts::write(tx, &table).unwrap();
        })
        .await;
    }

    pub(crate) fn active(&self) -> Arc<Active> {
        self.node.active().expect("the node serves")
    }

    pub(crate) fn pass(&self, span: Duration) {
        let mut now = self.clock.0.lock();
        *now = now.plus(span);
    }

    /// Commits what `work` writes, beside all requests.
    pub(crate) async fn commit(&self, work: impl FnOnce(&mut Transaction)) {
        let mut tx = self.active().transaction();
        work(&mut tx);
        self.active().store.commit(tx.into_command().unwrap()).await.unwrap();
    }

    /// Storage keys below the mount, relative to it.
    pub(crate) fn keys(&self, kind: &str, below: &str) -> Vec<String> {
        let prefix = self.storage_prefix(kind);
        let keys = self.active().store.scan(&format!("{prefix}{below}"), "", usize::MAX).unwrap();
        keys.into_iter().map(|key| key[prefix.len()..].to_owned()).collect()
    }

    pub(crate) fn storage_prefix(&self, kind: &str) -> String {
        let routing = self.active().mounts.routing();
        routing.at(&format!("auth/{kind}/")).unwrap().mount.storage_prefix().to_owned()
    }

    /// A round of cleaning up.
    pub(crate) async fn tidy(&self, kind: &str) {
        let active = self.active();
        let mounted = Arc::clone(active.mounts.routing().at(&format!("auth/{kind}/")).unwrap());
        loop {
            let mut more = false;
            self.commit(|tx| {
                let mut cx = Context::new(tx, &mounted.mount, active.now(), &active);
                more = mounted.backend.tidy(&mut cx).unwrap() == Progress::More;
            })
            .await;
            if !more {
                return;
            }
        }
    }

    pub(crate) async fn write(&self, path: &str, data: Value) -> Result<Value, Failure> {
        self.send(Operation::Update, path, data, Some(&self.root)).await.map(|response| shown(&response))
    }

    pub(crate) async fn read(&self, path: &str) -> Result<Value, Failure> {
        self.send(Operation::Read, path, Value::Null, Some(&self.root)).await.map(|response| shown(&response))
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.send(Operation::Delete, path, Value::Null, Some(&self.root)).await.map(|response| shown(&response))
    }

    pub(crate) async fn list(&self, path: &str) -> Result<Value, Failure> {
        let path = format!("{path}/");
        self.send(Operation::List, &path, Value::Null, Some(&self.root))
            .await
            .map(|response| shown(&response)["keys"].clone())
    }

    /// A login from 127.0.0.1; gives the `auth` of the answer.
    pub(crate) async fn login(&self, path: &str, data: Value) -> Result<Value, Failure> {
        let response = self.send(Operation::Update, path, data, None).await?;
        match response.auth.as_deref() {
            Some(Granted::Token(auth)) => Ok(Value::Object(auth.map().clone())),
            other => panic!("no token: {other:?}"),
        }
    }

    pub(crate) async fn send(
        &self,
        operation: Operation,
        path: &str,
        data: Value,
        token: Option<&str>,
    ) -> Result<Response, Failure> {
        self.node.serve(Arc::new(request(operation, path, data, token))).await
    }
}

fn request(operation: Operation, path: &str, data: Value, token: Option<&str>) -> Request {
    let data = match data {
        Value::Object(map) => Payload::from(map),
        _ => Payload::from(Map::new()),
    };
    Request {
        id: String::new(),
        operation,
        path: path.to_owned(),
        data,
        token: token.map(SecretText::new),
        remote: Some(Remote { address: [127, 0, 0, 1].into(), port: 1 }),
        wrap: None,
        headers: Vec::new(),
        policy_override: false,
        merge_patch: false,
        metrics_access: Default::default(),
        ceremony_access: Default::default(),
        upload: None,
        wanted: coffer_core::Wanted::Answer,
        once: coffer_core::Once::default(),
    }
}

fn shown(response: &Response) -> Value {
    match &response.body {
        Body::Data(data) => Value::Object(data.map().clone()),
        _ => Value::Null,
    }
}

/// What the failure is, and its text: what tells one answer from another.
pub(crate) fn told<T: std::fmt::Debug>(result: Result<T, Failure>) -> (std::mem::Discriminant<Failure>, String) {
    let failure = match result.unwrap_err() {
        Failure::Tokenless(inner) => *inner,
        failure => failure,
    };
    (std::mem::discriminant(&failure), failure.to_string())
}

fn one_share() -> coffer_seal::InitRequest {
    coffer_seal::InitRequest {
        secret_shares: 1,
        secret_threshold: 1,
        pgp_keys: 0,
        recovery_shares: 0,
        recovery_threshold: 0,
        recovery_pgp_keys: 0,
    }
}

/// Stands for what other crates mount.
struct Other;

impl Backend for Other {
    fn handle(&self, _: &mut Context<'_>, _: &Call<'_>) -> Result<Response, Failure> {
        Err(Failure::UnsupportedPath)
    }
}
