//! What the broker tells to whoever counts.

use std::time::Duration;

/// The two entries of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Before it is carried out.
    Request,
    /// Before its answer leaves.
    Response,
}

/// Receives counts and times; called on the path of every request, so it must not block.
pub trait Metrics: Send + Sync {
    /// An entry was logged by at least one device, or (`ok` false) by none: `audit.log_request`,
    /// `audit.log_request_failure` and their like for responses.
    fn logged(&self, kind: EntryKind, took: Duration, ok: bool);

    /// One device has, or could not get, an entry: `audit.<device>.log_request`. `device` ends in a slash.
    fn device_logged(&self, device: &str, kind: EntryKind, took: Duration, ok: bool);

    /// A device has room for part of an entry only; data was replaced by its HMAC or size.
    fn shortened(&self, device: &str);
}

/// Counts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMetrics;

impl Metrics for NoMetrics {
    fn logged(&self, _: EntryKind, _: Duration, _: bool) {}
    fn device_logged(&self, _: &str, _: EntryKind, _: Duration, _: bool) {}
    fn shortened(&self, _: &str) {}
}

impl EntryKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}
