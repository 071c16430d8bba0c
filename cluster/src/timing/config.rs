//! Raft's settings.

use openraft::{Config, SnapshotPolicy};

use super::Timing;

/// Entries applied since the last snapshot that make the next one due.
const SNAPSHOT_AFTER: u64 = 20_000;
/// Entries kept behind a snapshot for members that lag.
const KEPT_ENTRIES: u64 = 20_000;

/// How a core is to beat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) timing: Timing,
    /// A core built in the place of a leader's leads at once in the same term. Only within a process: its log and state
    /// are as the last core left them.
    pub(crate) goes_on_leading: bool,
}

/// Raft's settings for a core.
pub(crate) fn config(cluster_name: String, pace: Pace) -> Config {
    let timing = pace.timing;
    Config {
        cluster_name,
        heartbeat_interval: timing.heartbeat(),
        election_timeout_min: timing.election_min(),
        election_timeout_max: timing.election_max(),
        // A member that was cut off must not unseat the leader when it comes back.
        enable_pre_vote: Some(true),
        // Heals partitions in which a leader keeps some followers and no majority; twice the maximum above.
        quorum_loss_probe_interval: Some(timing.election_max() * 2),
        // A restarted leader asks for votes again. A sole voter has its own at once.
        enable_leader_restore: Some(pace.goes_on_leading),
        // Whether a member may stand is decided while it runs: `leading`.
        enable_elect: false,
        max_payload_entries: 300,
        max_append_entries: Some(1024),
        api_channel_size: Some(4096),
        api_batch_linger_ms: 0,
        replication_lag_threshold: 64,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(SNAPSHOT_AFTER),
        max_in_snapshot_log_to_keep: KEPT_ENTRIES,
        purge_batch_size: 256,
        install_snapshot_timeout: 60_000,
        backoff: "50ms 100ms 200ms ...500ms".into(),
        ..Config::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::STEPS;

    #[test]
    fn openraft_takes_every_timing() {
        for step in STEPS {
            let pace = Pace { timing: Timing::of_at_least(step), goes_on_leading: false };
            assert!(config("name".into(), pace).validate().is_ok());
        }
    }
}
