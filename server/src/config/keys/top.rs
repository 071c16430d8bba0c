//! The file itself.

use super::Scope;
use super::Standing::{Guarded, Unused, Used};

const NO_PLUGINS: &str = "engines and auth methods are built in; external plugins are not run";
const NO_ENTERPRISE: &str = "it belongs to Vault Enterprise";
const NO_DEBUG: &str = "the debugging aid it switches is not there";
const NO_CACHE: &str = "caches size themselves and are kept right by the log";
const NO_RAW: &str = "the endpoint it opens is not built";

pub(crate) const TOP: Scope = Scope {
    name: "",
    keys: &[
        // Followed.
        ("storage", Used),
        ("backend", Used),
        ("listener", Used),
        ("seal", Used),
        ("telemetry", Used),
        ("user_lockout", Used),
        ("api_addr", Used),
        ("cluster_addr", Used),
        ("cluster_name", Used),
        ("cluster_tls", Used),
        ("cluster_tls_cert_file", Used),
        ("cluster_tls_key_file", Used),
        ("cluster_ca_file", Used),
        ("disable_mlock", Used),
        ("ui", Used),
        ("log_level", Used),
        ("log_format", Used),
        ("log_file", Used),
        ("pid_file", Used),
        ("default_lease_ttl", Used),
        ("max_lease_ttl", Used),
        ("default_max_request_duration", Used),
        ("enable_response_header_hostname", Used),
        ("enable_response_header_raft_node_id", Used),
        ("disable_clustering", Used),
        ("follower_unseal", Used),
        ("allow_audit_log_prefixing", Used),
        // Named in a warning.
        ("log_rotate_bytes", Unused("let logrotate rename the file and send SIGHUP")),
        ("log_rotate_duration", Unused("let logrotate rename the file and send SIGHUP")),
        ("log_rotate_max_files", Unused("let logrotate rename the file and send SIGHUP")),
        ("disable_printable_check", Unused("paths with control characters are always refused")),
        ("log_requests_level", Unused("requests are in the audit log and in sys/in-flight-req")),
        ("cache_size", Unused(NO_CACHE)),
        ("disable_cache", Unused(NO_CACHE)),
        ("plugin_directory", Unused(NO_PLUGINS)),
        ("plugin_tmpdir", Unused(NO_PLUGINS)),
        ("plugin_file_uid", Unused(NO_PLUGINS)),
        ("plugin_file_permissions", Unused(NO_PLUGINS)),
        ("plugin_download_behavior", Unused(NO_PLUGINS)),
        ("plugin_auto_download", Unused(NO_PLUGINS)),
        ("plugin_auto_register", Unused(NO_PLUGINS)),
        ("plugin_download_max_size", Unused(NO_PLUGINS)),
        ("plugin", Unused(NO_PLUGINS)),
        ("raw_storage_endpoint", Unused(NO_RAW)),
        ("introspection_endpoint", Unused(NO_RAW)),
        ("cluster_cipher_suites", Unused("nodes speak TLS 1.3 with each other, whose suites are all strong")),
        ("disable_performance_standby", Unused("standby nodes forward")),
        ("disable_standby_reads", Unused("standby nodes forward")),
        ("disable_sealwrap", Unused(NO_ENTERPRISE)),
        ("disable_indexing", Unused(NO_ENTERPRISE)),
        ("disable_sentinel_trace", Unused(NO_ENTERPRISE)),
        ("license_path", Unused("no licence is needed")),
        ("license_entitlement", Unused("no licence is needed")),
        ("reporting", Unused("nothing is reported to anybody")),
        ("experiments", Unused("there are none")),
        ("detect_deadlocks", Unused(NO_DEBUG)),
        ("enable_post_unseal_trace", Unused(NO_DEBUG)),
        ("post_unseal_trace_directory", Unused(NO_DEBUG)),
        ("imprecise_lease_role_tracking", Unused("role-based quotas count exactly")),
        ("disable_ssc_tokens", Unused("no read is ever stale, so tokens carry no state of the log")),
        ("service_registration", Unused("let Consul or Kubernetes ask sys/health")),
        ("administrative_namespace_path", Unused(NO_ENTERPRISE)),
        ("adaptive_overload_protection", Unused(NO_ENTERPRISE)),
        ("request_limiter", Unused("Vault itself ignores it since 1.19; connections and bodies are bounded anyway")),
        ("unsafe_cross_namespace_identity", Unused("namespaces are not built")),
        ("unsafe_allow_api_audit_creation", Unused("audit devices are enabled by API and CLI, as in Vault")),
        ("unsafe_relative_paths", Unused("relative paths are always refused")),
        ("allow_unauthenticated_workflows", Unused("workflows are not built")),
        // Refused.
        ("ha_storage", Guarded("storage \"raft\" holds the data and coordinates the nodes; remove the block")),
        ("entropy", Guarded("remove the block; random bytes come from the operating system")),
        ("kms_library", Guarded("remove the block; keys are Shamir's")),
        ("hsm", Guarded("remove the block; keys are Shamir's")),
        ("enable_multiseal", Guarded("set it to false; there is one seal")),
        ("sentinel", Guarded("remove the block; use ACL policies")),
        ("audit", Guarded("remove the block and enable the device with `audit enable` once the server runs")),
        ("initialize", Guarded("remove the block and use `operator init`")),
    ],
};

pub(crate) const USER_LOCKOUT: Scope = Scope {
    name: "user_lockout",
    keys: &[
        ("lockout_threshold", Used),
        ("lockout_duration", Used),
        ("lockout_counter_reset", Used),
        ("disable_lockout", Used),
    ],
};
