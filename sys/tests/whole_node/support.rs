//! A whole node on a real log in memory, with a log that records how it is steered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use coffer_cluster::{Cluster, ClusterOptions};
use coffer_core::active::Settings;
use coffer_core::audit_log::{AuditLog, AuditTimings};
use coffer_core::clock::SystemClock;
use coffer_core::lifecycle::{Node, NodeParts};
use coffer_core::local::{LogControl, LogFormat, LogLevel};
use coffer_core::mount::Registry;
use coffer_core::{Body, Chunks, Envelope, Failure, Operation, Request, Response, SecretText};
use coffer_seal::{InitRequest, KeyShare};
use coffer_telemetry::Telemetry;
use serde_json::{Map, Value};

pub struct TestNode {
    pub node: Arc<Node>,
    pub logs: Arc<TestLogs>,
    pub root: String,
    share: Option<KeyShare>,
    _cluster: Arc<Cluster>,
}

impl TestNode {
    pub async fn uninitialized() -> Self {
        let cluster = Cluster::open(ClusterOptions::in_memory()).await.unwrap();
        let telemetry = Arc::new(Telemetry::new());
        let logs = Arc::new(TestLogs::default());
        let registry = coffer_auth::register(coffer_engines::register(coffer_sys::register(Registry::default())));
        let node = Node::start(NodeParts {
            store: Arc::clone(&cluster) as _,
            cluster: Arc::clone(&cluster) as _,
            clock: Arc::new(SystemClock),
            settings: Arc::new(Settings { version: "1.2.3".to_owned(), ..Settings::default() }),
            registry: Arc::new(registry),
            audit: Arc::new(AuditLog::new(Default::default(), Arc::new(AuditTimings(Arc::clone(&telemetry))))),
            telemetry,
            logs: Arc::clone(&logs) as _,
        })
        .unwrap();
        Self { node, logs, root: String::new(), share: None, _cluster: cluster }
    }

    pub async fn active() -> Self {
        let mut this = Self::uninitialized().await;
        this.init().await;
        this.unseal().await;
        this
    }

    pub async fn init(&mut self) {
        let request = InitRequest { secret_shares: 1, secret_threshold: 1, ..InitRequest::default() };
        let mut made = self.node.init(request, None).await.unwrap();
        self.root = made.root_token.expose().to_owned();
        self.share = made.shares.pop();
    }

    /// The share of the first init, as its holder types it.
    pub fn share(&self) -> String {
        self.share.as_ref().unwrap().to_hex().to_string()
    }

    pub async fn unseal(&self) {
        self.node.unseal(self.share.clone().unwrap()).await.unwrap();
    }

    pub async fn send(&self, request: Request) -> Result<Response, Failure> {
        let request = Arc::new(request);
        match coffer_sys::node::answer(&self.node, &request).await {
            Some(answered) => answered,
            None => self.node.serve(request).await,
        }
    }

    /// As the holder of `token`; empty: as nobody.
    pub async fn ask(&self, operation: Operation, path: &str, data: Value, token: &str) -> Result<Response, Failure> {
        let mut request = Request::new(operation, path);
        if let Value::Object(data) = data {
            request.data = data.into();
        }
        request.token = (!token.is_empty()).then(|| SecretText::new(token));
        self.send(request).await
    }

    pub async fn read(&self, path: &str) -> Value {
        shown(&self.ask(Operation::Read, path, Value::Null, &self.root).await.unwrap())
    }

    pub async fn write(&self, path: &str, data: Value) -> Result<Value, Failure> {
        self.ask(Operation::Update, path, data, &self.root).await.map(|response| shown(&response))
    }

    /// A token with one policy of this text.
    pub async fn token_with(&self, policy: &str, data: Value) -> String {
        self.write("sys/policies/acl/tested", serde_json::json!({ "policy": policy })).await.unwrap();
        let mut fields: Map<String, Value> = data.as_object().cloned().unwrap_or_default();
        fields.insert("policies".to_owned(), serde_json::json!(["tested"]));
        let made = self.write("auth/token/create", Value::Object(fields)).await.unwrap();
        made["auth"]["client_token"].as_str().unwrap().to_owned()
    }
}

/// The JSON that the caller would get.
pub fn shown(response: &Response) -> Value {
    if let Some(envelope) = Envelope::of("id", response) {
        return serde_json::from_slice(&envelope.to_json()).unwrap();
    }
    match &response.body {
        Body::Raw(raw) => serde_json::from_slice(&raw.bytes).unwrap_or(Value::Null),
        Body::Bare(payload) => Value::Object(payload.map().clone()),
        _ => Value::Null,
    }
}

/// Two loggers, and one line for whoever listens.
pub struct TestLogs(Mutex<BTreeMap<String, LogLevel>>);

impl Default for TestLogs {
    fn default() -> Self {
        let names = ["audit", "core"].map(|name| (name.to_owned(), LogLevel::Info));
        Self(Mutex::new(names.into_iter().collect()))
    }
}

impl LogControl for TestLogs {
    fn levels(&self) -> BTreeMap<String, LogLevel> {
        self.0.lock().unwrap().clone()
    }

    fn set_all(&self, level: LogLevel) {
        self.0.lock().unwrap().values_mut().for_each(|of| *of = level);
    }

    fn set(&self, logger: &str, level: LogLevel) -> bool {
        self.0.lock().unwrap().get_mut(logger).map(|of| *of = level).is_some()
    }

    fn reset_all(&self) {
        self.set_all(LogLevel::Info);
    }

    fn reset(&self, logger: &str) -> bool {
        self.set(logger, LogLevel::Info)
    }

    fn listen(&self, level: LogLevel, format: LogFormat) -> Chunks {
        let (sender, pieces) = tokio::sync::mpsc::channel(1);
        sender.try_send(format!("{level} {format:?}").into_bytes()).unwrap();
        Chunks { content_type: "text/plain", pieces }
    }
}
