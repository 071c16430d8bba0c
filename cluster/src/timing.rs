//! Raft's settings. openraft fixes them when its core is built.

use openraft::{Config, SnapshotPolicy};

/// Entries applied since the last snapshot that make the next one due.
const SNAPSHOT_AFTER: u64 = 20_000;
/// Entries kept behind a snapshot for members that lag.
const KEPT_ENTRIES: u64 = 20_000;

/// For round trips up to about 20 ms; the election takes under a second after a leader is gone.
pub(crate) fn config(cluster_name: String) -> Config {
    Config {
        cluster_name,
        heartbeat_interval: 60,
        election_timeout_min: 180,
        election_timeout_max: 240,
        // A member that was cut off must not unseat the leader when it comes back.
        enable_pre_vote: Some(true),
        // Heals partitions in which a leader keeps some followers and no majority; twice the maximum above.
        quorum_loss_probe_interval: Some(480),
        // A restarted leader asks for votes again. A sole voter has its own at once.
        enable_leader_restore: Some(false),
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
