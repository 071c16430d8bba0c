//! `storage` and `retry_join` blocks.

use super::Scope;
use super::Standing::{Guarded, Unused, Used};

const OWN_LOG: &str = "the log and its snapshots keep their own measure";

pub(crate) const RAFT: Scope = Scope {
    name: "storage \"raft\"",
    keys: &[
        ("path", Used),
        ("node_id", Used),
        ("retry_join", Used),
        ("retry_join_as_non_voter", Used),
        ("max_entry_size", Used),
        ("cluster_addr", Used),
        ("api_addr", Used),
        ("redirect_addr", Used),
        ("disable_clustering", Used),
        ("performance_multiplier", Used),
        ("leader_priority", Used),
        ("trailing_logs", Unused(OWN_LOG)),
        ("snapshot_threshold", Unused(OWN_LOG)),
        ("snapshot_interval", Unused(OWN_LOG)),
        ("snapshot_delay", Unused(OWN_LOG)),
        ("apply_delay", Unused("it is for testing")),
        ("max_transaction_size", Unused("a request is one log entry, bounded by max_entry_size")),
        ("max_mount_and_namespace_table_entry_size", Unused("mounts are kept one to an entry")),
        ("raft_wal", Unused(OWN_LOG)),
        ("raft_log_verifier_enabled", Unused("the log is always checked")),
        ("raft_log_verification_interval", Unused("the log is always checked")),
        ("autopilot_reconcile_interval", Unused("members are watched continuously")),
        ("autopilot_update_interval", Unused("members are watched continuously")),
        ("autopilot_upgrade_version", Unused("it belongs to Vault Enterprise")),
        ("autopilot_redundancy_zone", Unused("it belongs to Vault Enterprise")),
    ],
};

pub(crate) const INMEM: Scope = Scope {
    name: "storage \"inmem\"",
    keys: &[
        ("disable_clustering", Used),
        ("cluster_addr", Used),
        ("api_addr", Used),
        ("redirect_addr", Used),
        ("max_value_size", Unused("values are bounded by max_entry_size")),
        ("disable_transactions", Unused("every request is one transaction")),
    ],
};

pub(crate) const RETRY_JOIN: Scope = Scope {
    name: "retry_join",
    keys: &[
        ("leader_api_addr", Used),
        ("leader_tls_servername", Used),
        ("leader_ca_cert_file", Used),
        ("leader_client_cert_file", Used),
        ("leader_client_key_file", Used),
        ("leader_ca_cert", Used),
        ("leader_client_cert", Used),
        ("leader_client_key", Used),
        ("auto_join", Guarded("name each node's address in a retry_join block with leader_api_addr")),
        ("auto_join_scheme", Guarded("name each node's address in a retry_join block with leader_api_addr")),
        ("auto_join_port", Guarded("name each node's address in a retry_join block with leader_api_addr")),
    ],
};
