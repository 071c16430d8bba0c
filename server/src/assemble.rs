//! Joins the parts into a node that answers: store and cluster below, engines and methods into the registry, the API
//! on top.

use std::sync::Arc;

use coffer_api::forward::Forwarding;
use coffer_api::{ConnectionInfo as Caller, HttpLimits, HttpResponse, Service};
use coffer_audit::Environment;
use coffer_cluster::{Cluster, ClusterOptions, OpenError, StorageMedium, TransportOptions};
use coffer_core::Failure;
use coffer_core::active::Settings;
use coffer_core::audit_log::{AuditLog, AuditTimings};
use coffer_core::clock::SystemClock;
use coffer_core::lifecycle::{Node, NodeParts};
use coffer_core::local::LogControl;
use coffer_core::lockout::{LockoutDefaults, LockoutRule};
use coffer_core::mount::Registry;
use coffer_core::{CeremonyAccess, Remote, ShareHolders};
use coffer_model::Peers;
use coffer_telemetry::Telemetry;
use coffer_tls::Roots;
use http::{HeaderMap, HeaderValue, Request};
use tokio::sync::Notify;

use crate::config::{Config, NodeUrl, Storage, UserLockout, UserLockouts};
use crate::forward::{ForwardServer, Links};
use crate::join::{self, Desk, JoinMemory};
use crate::listen::{Answer, ConnectionInfo, Peer, RequestBody};
use crate::logging::Logging;
use crate::peer_service::Peering;

/// The level of Vault's API that is kept to, with this build's version as metadata.
pub const API_VERSION: &str = concat!("1.19.0+coffer.", env!("CARGO_PKG_VERSION"));

/// When this build was made, RFC 3339.
pub const BUILD_DATE: &str = env!("COFFER_BUILD_DATE");

/// A node and what it stands on.
pub struct Assembly {
    /// Answers requests.
    pub node: Arc<Node>,
    /// Raft, log and state.
    pub cluster: Arc<Cluster>,
    /// Told when the process has to start anew.
    pub restart: Arc<Notify>,
    /// The way of requests to the leader.
    pub forwarding: Arc<Forwarding>,
    /// Requests that members send here.
    pub forwarded: ForwardServer,
}

/// A node that could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The data can't be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It can be opened, and not read.
    #[error("the stored state cannot be read: {0}")]
    Start(Failure),
}

/// Opens the data and starts the node: sealed, or uninitialised.
pub async fn assemble(
    options: ClusterOptions,
    settings: Settings,
    audit: Environment,
    logs: Arc<dyn LogControl>,
) -> Result<Assembly, AssembleError> {
    let cluster = Cluster::open(options).await?;
    let telemetry = Arc::new(Telemetry::new());
    let node = Node::start(NodeParts {
        store: Arc::clone(&cluster) as _,
        cluster: Arc::clone(&cluster) as _,
        clock: Arc::new(SystemClock),
        settings: Arc::new(settings),
        registry: Arc::new(registry()),
        audit: Arc::new(AuditLog::new(audit, Arc::new(AuditTimings(Arc::clone(&telemetry))))),
        telemetry,
        logs,
    })
    .map_err(AssembleError::Start)?;
    tokio::spawn(Arc::clone(&node).follow());
    let links = Arc::new(Links::new(Arc::clone(&cluster)));
    tokio::spawn(Arc::clone(&links).keep_ready());
    let forwarding = Arc::new(Forwarding::new(&node, links));
    // The limits are those of the listener that the client asked; they come with each request.
    let service = Service::new(Arc::clone(&node), HttpLimits::default()).with_forwarding(Arc::clone(&forwarding));
    let forwarded = ForwardServer::new(Arc::new(service));
    cluster.serve_peers(Arc::new(Peering { node: Arc::clone(&node), forwarded: forwarded.clone() }));
    Ok(Assembly { node, cluster, forwarding, forwarded, restart: Arc::default() })
}

/// [`assemble`] as the configuration has it.
///
/// # Errors
/// The data cannot be used.
pub async fn from_config(
    config: &Config,
    logging: &Logging,
    transport: Option<TransportOptions>,
) -> Result<Assembly, AssembleError> {
    let text = |url: &Option<NodeUrl>| url.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut options = ClusterOptions::in_memory();
    options.api_address = text(&config.api_addr);
    options.transport = transport;
    options.cluster_address = config.cluster_addr.as_ref().map(|url| url.at.to_string()).unwrap_or_default();
    // For tests of rolling releases: as if this build were of another level.
    if let Some(level) = std::env::var("COFFER_TEST_LEVEL").ok().and_then(|level| level.parse().ok()) {
        options.level = level;
    }
    let mut audit = Environment { allow_prefix: config.allow_audit_prefix, ..Environment::default() };
    if let Storage::Raft(raft) = &config.storage {
        options.storage = StorageMedium::Raft { path: raft.path.clone() };
        options.node_id = raft.node_id.as_ref().map(|id| id.as_str().to_owned());
        options.max_entry_size = usize::try_from(raft.max_entry_size).unwrap_or(usize::MAX);
        options.leader_priority = raft.leader_priority;
        options.performance_multiplier = raft.performance_multiplier;
        audit.forbidden_folders.push(raft.path.clone());
    }
    let settings = Settings {
        default_lease_ttl: config.lease_ttl.default,
        max_lease_ttl: config.lease_ttl.max,
        version: API_VERSION.to_owned(),
        build_date: BUILD_DATE.to_owned(),
        user_lockout: lockout(&config.user_lockout),
        storage_type: config.storage.kind(),
        cluster_name: config.cluster_name.clone().unwrap_or_default(),
        api_addr: text(&config.api_addr),
        cluster_addr: text(&config.cluster_addr),
        hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        follower_unseal: config.follower_unseal,
        sanitized: config.sanitized(),
    };
    let assembly = assemble(options, settings, audit, Arc::new(logging.clone())).await?;
    if let Storage::Raft(raft) = &config.storage {
        let memory = JoinMemory::new(&raft.path);
        let remembered = memory.read();
        let desk = Desk::new(memory, Roots::default(), Arc::clone(&assembly.restart));
        assembly.node.join_at_start(Arc::new(desk), remembered, join::configured(raft, config.api_addr.as_ref()));
    }
    Ok(assembly)
}

fn lockout(configured: &UserLockouts) -> LockoutDefaults {
    let rule = |lockout: &UserLockout| {
        lockout.enabled.then_some(LockoutRule {
            threshold: lockout.threshold,
            duration: lockout.duration,
            counter_reset: lockout.counter_reset,
        })
    };
    let by_type = configured.by_type.iter().map(|(kind, lockout)| (kind.clone(), rule(lockout))).collect();
    LockoutDefaults { all: rule(&configured.all), by_type }
}

/// All engines and methods of this build.
fn registry() -> Registry {
    coffer_auth::register(coffer_engines::register(coffer_sys::register(Registry::default())))
}

/// Answers the requests of all listeners.
#[derive(Clone)]
pub struct Api {
    node: Arc<Node>,
    forwarding: Arc<Forwarding>,
    request_time: std::time::Duration,
    /// Headers that tell which node has answered.
    node_headers: Arc<HeaderMap>,
}

impl Api {
    /// Answers for a node, as the configuration has it.
    pub fn new(assembly: &Assembly, config: &Config) -> Self {
        let mut headers = HeaderMap::new();
        if config.hostname_header {
            let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
            insert(&mut headers, "x-vault-hostname", &name);
        }
        if config.raft_node_id_header && matches!(config.storage, Storage::Raft(_)) {
            insert(&mut headers, "x-vault-raft-node-id", assembly.cluster.node_id());
        }
        Self {
            node: Arc::clone(&assembly.node),
            forwarding: Arc::clone(&assembly.forwarding),
            request_time: config.max_request_duration,
            node_headers: Arc::new(headers),
        }
    }
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // A name that no header can bear is left out: it is for people to read.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

impl Answer for Api {
    type Body = coffer_api::ResponseBody;

    async fn answer(&self, request: Request<RequestBody>, connection: Arc<ConnectionInfo>) -> HttpResponse {
        let remote = match connection.peer {
            Peer::Tcp(address) => Some(Remote { address: address.ip().to_canonical(), port: address.port() }),
            Peer::Unix => None,
        };
        let listener = &connection.listener;
        let limits = HttpLimits {
            body: listener
                .limits
                .max_request_size
                .map_or(usize::MAX, |size| usize::try_from(size).unwrap_or(usize::MAX)),
            request_time: listener.limits.max_request_duration.unwrap_or(self.request_time),
            require_request_header: false,
            open_metrics: listener.access.unauthenticated_metrics,
            ceremony_access: CeremonyAccess {
                rekey: share_holders(listener.access.rekey_needs_token),
                generate_root: share_holders(listener.access.generate_root_needs_token),
            },
        };
        let service = Service::new(Arc::clone(&self.node), limits).with_forwarding(Arc::clone(&self.forwarding));
        let mut response = service.respond(&Caller { remote }, request).await;
        for (name, value) in &*self.node_headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

fn share_holders(need_token: bool) -> ShareHolders {
    if need_token { ShareHolders::Refused } else { ShareHolders::Welcome }
}
