//! All instruments of a node.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus::Registry;
use prometheus::proto::MetricFamily;

use crate::instrument::{Count, Timing};
use crate::intervals::{Interval, Intervals};
use crate::name::Name;

/// Mount types that get instruments of their own; a build has about a dozen.
const MAX_ROUTES: usize = 512;

macro_rules! instruments {
    (timings { $($timing:ident: $timing_name:literal, $timing_help:literal;)* }
     counts { $($count:ident: $count_name:literal, $count_help:literal;)* }) => {
        /// Made once a process and handed to whoever records.
        pub struct Telemetry {
            $(#[doc = $timing_help] pub $timing: Arc<Timing>,)*
            $(#[doc = $count_help] pub $count: Arc<Count>,)*
            registry: Registry,
            timings: Mutex<Vec<Arc<Timing>>>,
            counts: Vec<Arc<Count>>,
            routes: Mutex<BTreeMap<(&'static str, String), Arc<Timing>>>,
            intervals: Mutex<Intervals>,
        }

        impl Telemetry {
            fn build(made: &mut Made) -> Self {
                $(let $timing = made.timing(Name::plain($timing_name), $timing_help);)*
                $(let $count = made.count(Name::plain($count_name), $count_help);)*
                Self {
                    $($timing,)*
                    $($count,)*
                    registry: made.registry.clone(),
                    timings: Mutex::new(std::mem::take(&mut made.timings)),
                    counts: std::mem::take(&mut made.counts),
                    routes: Mutex::default(),
                    intervals: Mutex::new(Intervals::begin()),
                }
            }
        }
    };
}

instruments! {
    timings {
        handle_request: "vault.core.handle_request", "Requests with a token, from the fence to the audited answer (ms).";
        handle_login_request: "vault.core.handle_login_request", "Requests that need no token, logins above all (ms).";
        check_token: "vault.core.check_token", "Who asks, and whether they may (ms).";
        unseal: "vault.core.unseal", "Shares taken, the last one's until the node serves (ms).";
        barrier_get: "vault.barrier.get", "Reads through the barrier (ms).";
        barrier_put: "vault.barrier.put", "Encryption of a value that is written (ms).";
        barrier_list: "vault.barrier.list", "Lists (ms).";
        storage_get: "vault.raft_storage.get", "Reads of the applied state; one in sixteen is measured (ms).";
        storage_list: "vault.raft_storage.list", "Lists of the applied state (ms).";
        commit: "vault.raft.commitTime", "From a proposal until it is applied here (ms).";
        read_fence: "vault.raft.read_fence", "Waiting until a read is known to be current (ms).";
        token_lookup: "vault.token.lookup", "Looking up the token of a request (ms).";
        token_create: "vault.token.create", "Making a token (ms).";
        token_revoke: "vault.token.revoke", "Revoking a token (ms).";
        token_renew: "vault.expire.renew_token", "Renewing a token (ms).";
        lease_register: "vault.expire.register", "Making a lease (ms).";
        lease_renew: "vault.expire.renew", "Renewing a lease (ms).";
        lease_revoke: "vault.expire.revoke", "Revoking a lease (ms).";
        lease_expire: "vault.expire.batch", "Ending a batch of leases that are due (ms).";
        audit_request: "vault.audit.log_request", "Auditing a request (ms).";
        audit_response: "vault.audit.log_response", "Auditing an answer (ms).";
        audit_device: "vault.audit.device.log", "One device taking one entry (ms).";
    }
    counts {
        commit_conflict: "vault.raft.commit_conflict", "Commits that another request was faster than; they are tried again.";
        commit_failure: "vault.raft.commit_failure", "Commits that failed.";
        request_failure: "vault.core.request_failure", "Requests answered with an error.";
        follower_unsealed: "vault.seal.follower_unsealed", "Followers that this node opened after a full restart.";
        follower_unseal_refused: "vault.seal.follower_unseal_refused", "Followers that asked to be opened and were not.";
        audit_request_failure: "vault.audit.log_request_failure", "Requests that no device could audit.";
        audit_response_failure: "vault.audit.log_response_failure", "Answers that no device could audit.";
        audit_device_failure: "vault.audit.device.log_failure", "Entries that one device could not take.";
        audit_shortened: "vault.audit.device.shortened", "Entries that a device had room for in part.";
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl Telemetry {
    /// All instruments at zero.
    pub fn new() -> Self {
        Self::build(&mut Made::default())
    }

    /// The times of one operation on the mounts of one type: `vault.route.read{mount_type="kv"}`. To be asked for when a
    /// mount is made, not on the way of a request.
    pub fn route(&self, operation: &'static str, mount_type: &str) -> Arc<Timing> {
        let mut routes = self.routes.lock();
        if let Some(timing) = routes.get(&(operation, mount_type.to_owned())) {
            return Arc::clone(timing);
        }
        let mount_type = if routes.len() < MAX_ROUTES { mount_type } else { "other" };
        let key = (operation, mount_type.to_owned());
        let made = routes.entry(key).or_insert_with(|| {
            let name = Name {
                dotted: format!("vault.route.{operation}"),
                labels: vec![("mount_type", mount_type.to_owned())],
            };
            let mut made = Made { registry: self.registry.clone(), ..Made::default() };
            let timing = made.timing(name, "Requests to mounts of a type (ms).");
            self.timings.lock().append(&mut made.timings);
            timing
        });
        Arc::clone(made)
    }

    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }

    pub(crate) fn interval(&self) -> Interval {
        let timings = self.timings.lock();
        self.intervals.lock().look(self.counts.iter().map(|count| &**count), timings.iter().map(|timing| &**timing))
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

/// Instruments on their way into a [`Telemetry`].
#[derive(Default)]
struct Made {
    registry: Registry,
    timings: Vec<Arc<Timing>>,
    counts: Vec<Arc<Count>>,
}

impl Made {
    fn timing(&mut self, name: Name, help: &str) -> Arc<Timing> {
        let timing = Arc::new(Timing::new(name, help).expect("names of instruments are constants of this crate"));
        // A name that is taken would be left out of the text and still count.
        let _ = self.registry.register(Box::new(timing.histogram.clone()));
        self.timings.push(Arc::clone(&timing));
        timing
    }

    fn count(&mut self, name: Name, help: &str) -> Arc<Count> {
        let count = Arc::new(Count::new(name, help).expect("names of instruments are constants of this crate"));
        let _ = self.registry.register(Box::new(count.counter.clone()));
        self.counts.push(Arc::clone(&count));
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_instrument_has_a_name_of_its_own() {
        let telemetry = Telemetry::new();
        let made = telemetry.timings.lock().len() + telemetry.counts.len();
        assert_eq!(telemetry.gather().len(), made);
    }

    #[test]
    fn a_route_is_made_once() {
        let telemetry = Telemetry::new();
        telemetry.route("read", "kv").record(Duration::from_millis(1));
        telemetry.route("read", "kv").record(Duration::from_millis(1));
        assert_eq!(telemetry.route("read", "kv").count(), 2);
        assert_eq!(telemetry.route("list", "kv").count(), 0);
    }

    #[test]
    fn many_types_share_one_instrument() {
        let telemetry = Telemetry::new();
        for number in 0..MAX_ROUTES + 10 {
            telemetry.route("read", &format!("type-{number}"));
        }
        assert!(telemetry.routes.lock().len() <= MAX_ROUTES + 1);
    }
}
