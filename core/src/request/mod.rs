//! A request as `core` sees it: parsed and bounded by `api`, not yet allowed anything.

mod once;
mod operation;

use std::net::IpAddr;
use std::time::Duration;

pub use once::Once;
pub use operation::Operation;

use crate::snapshot::Upload;
use crate::{Payload, SecretText};

/// One request of one caller. It is never changed on its way; what a backend gets is a [`crate::Call`] on it.
#[derive(Debug)]
pub struct Request {
    /// Random UUID, given back to the caller and kept in the audit log.
    pub id: String,
    /// What is to be done. `api` gives [`Operation::Update`] for PUT and POST; the pipeline finds out whether it creates.
    pub operation: Operation,
    /// Path below `/v1/`, decoded once, canonical: no empty, `.` or `..` segment.
    pub path: String,
    /// Body and query parameters.
    pub data: Payload,
    /// The body, where it is too large to be held.
    pub upload: Option<Upload>,
    /// What the caller sent as token, before anybody looked whether it is one.
    pub token: Option<SecretText>,
    /// The other end of the connection; `None` on a unix socket.
    pub remote: Option<Remote>,
    /// Wish to get the answer as a wrapping token.
    pub wrap: Option<WrapRequest>,
    /// Headers that audit devices may be told to record, and those that mounts may be let through; lower case names.
    pub headers: Vec<(String, String)>,
    /// `X-Vault-Policy-Override`.
    pub policy_override: bool,
    /// The body was sent as `application/merge-patch+json`.
    pub merge_patch: bool,
    /// What is asked of the active node: the answer, or only leave for another node to give it.
    pub wanted: Wanted,
    /// What the listener it came by says of metrics.
    pub metrics_access: MetricsAccess,
    /// What the listener it came by says of ceremonies.
    pub ceremony_access: CeremonyAccess,
    /// What was done for it beside its transaction.
    pub once: Once,
}

/// What the node is to do that gets a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Carry it out.
    #[default]
    Answer,
    /// Judge and audit it; a standby, about which it is, carries it out.
    Leave,
}

/// Which ceremonies a listener lets those without a token take part in, as Vault does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CeremonyAccess {
    /// `sys/rekey`.
    pub rekey: ShareHolders,
    /// `sys/generate-root`.
    pub generate_root: ShareHolders,
}

/// Whether holding shares is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShareHolders {
    /// It is.
    #[default]
    Welcome,
    /// The listener is shut to them; the authenticated paths (`sys/rotate/root`, `sys/generate-root-token`) remain.
    Refused,
}

/// Who may read all metrics; a node's own state is told to anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsAccess {
    /// Those whose token may read `sys/metrics`.
    #[default]
    ByPolicy,
    /// Anybody: `unauthenticated_metrics_access` of the listener.
    Open,
}

impl Request {
    /// A request with an id and nothing else.
    pub fn new(operation: Operation, path: impl Into<String>) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            operation,
            path: path.into(),
            data: Payload::default(),
            upload: None,
            token: None,
            remote: None,
            wrap: None,
            headers: Vec::new(),
            policy_override: false,
            merge_patch: false,
            wanted: Wanted::default(),
            metrics_access: MetricsAccess::default(),
            ceremony_access: CeremonyAccess::default(),
            once: Once::default(),
        }
    }
}

/// Address and port of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// IPv4-mapped IPv6 addresses are given as IPv4.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
}

/// What `X-Vault-Wrap-TTL` and `X-Vault-Wrap-Format` ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrapRequest {
    /// Life of the wrapping token; above zero.
    pub ttl: Duration,
}
