//! Joins the parts into a node that answers: store and cluster below, engines and methods into the registry, the API
//! on top.

use std::sync::Arc;

use coffer_api::{ConnectionInfo as Caller, HttpLimits, HttpResponse, Service};
use coffer_audit::Environment;
use coffer_cluster::{Cluster, ClusterOptions, OpenError};
use coffer_core::Failure;
use coffer_core::Remote;
use coffer_core::active::Settings;
use coffer_core::audit_log::AuditLog;
use coffer_core::clock::SystemClock;
use coffer_core::lifecycle::{Node, NodeParts};
use coffer_core::mount::Registry;
use http::Request;
use hyper::body::Incoming;

use crate::listen::{Answer, ConnectionInfo, Peer};

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
) -> Result<Assembly, AssembleError> {
    let cluster = Cluster::open(options).await?;
    let node = Node::start(NodeParts {
        store: Arc::clone(&cluster) as _,
        cluster: Arc::clone(&cluster) as _,
        clock: Arc::new(SystemClock),
        settings: Arc::new(settings),
        registry: Arc::new(registry()),
        audit: Arc::new(AuditLog::new(audit, Arc::new(coffer_audit::NoMetrics))),
    })
    .map_err(AssembleError::Start)?;
    tokio::spawn(Arc::clone(&node).follow());
    Ok(Assembly { node, cluster })
}

/// All engines and methods of this build.
fn registry() -> Registry {
    coffer_auth::register(coffer_engines::register(coffer_sys::register(Registry::default())))
}

/// Answers the requests of all listeners.
#[derive(Clone)]
pub struct Api {
    node: Arc<Node>,
    request_time: std::time::Duration,
}

impl Api {
    /// Answers for a node; requests of listeners without a limit of their own may take `request_time`.
    pub fn new(node: Arc<Node>, request_time: std::time::Duration) -> Self {
        Self { node, request_time }
    }
}

impl Answer for Api {
    type Body = http_body_util::Full<bytes::Bytes>;

    async fn answer(&self, request: Request<Incoming>, connection: Arc<ConnectionInfo>) -> HttpResponse {
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
        };
        Service::new(Arc::clone(&self.node), limits).respond(&Caller { remote }, request).await
    }
}
