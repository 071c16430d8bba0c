//! Counts and times of the audit devices. Devices are taken together: their paths are the operator's own words.

use std::sync::Arc;
use std::time::Duration;

use coffer_audit::{EntryKind, Metrics};
use coffer_telemetry::Telemetry;

/// Records in a node's telemetry.
pub struct AuditTimings(pub Arc<Telemetry>);

impl Metrics for AuditTimings {
    fn logged(&self, kind: EntryKind, took: Duration, ok: bool) {
        let (timing, failure) = match kind {
            EntryKind::Request => (&self.0.audit_request, &self.0.audit_request_failure),
            EntryKind::Response => (&self.0.audit_response, &self.0.audit_response_failure),
        };
        timing.record(took);
        if !ok {
            failure.one();
        }
    }

    fn device_logged(&self, _: &str, _: EntryKind, took: Duration, ok: bool) {
        self.0.audit_device.record(took);
        if !ok {
            self.0.audit_device_failure.one();
        }
    }

    fn shortened(&self, _: &str) {
        self.0.audit_shortened.one();
    }
}
