//! What is known of a connection, and how far its requests may go.

use std::time::Duration;

use coffer_core::{CeremonyAccess, MetricsAccess, Remote};

/// What is known of a connection before its first request.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionInfo {
    /// The other end; `None` on a unix socket.
    pub remote: Option<Remote>,
}

/// Bounds on what the callers of a listener may make the server do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// `max_request_size`: bytes of a body.
    pub body: usize,
    /// `max_request_duration`: from the head to the answer.
    pub request_time: Duration,
    /// `require_request_header`: refuse requests without `X-Vault-Request: true`.
    pub require_request_header: bool,
    /// `unauthenticated_metrics_access`.
    pub open_metrics: bool,
    /// `disable_unauthed_rekey_endpoints`, `disable_unauthed_generate_root_endpoints`.
    pub ceremony_access: CeremonyAccess,
}

impl HttpLimits {
    pub(crate) fn metrics_access(&self) -> MetricsAccess {
        if self.open_metrics { MetricsAccess::Open } else { MetricsAccess::ByPolicy }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body: 32 * 1024 * 1024,
            request_time: Duration::from_secs(90),
            require_request_header: false,
            open_metrics: false,
            ceremony_access: CeremonyAccess::default(),
        }
    }
}
