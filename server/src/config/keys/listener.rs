//! `listener` blocks.

use super::Scope;
use super::Standing::{Guarded, Unused, Used};

const NO_FORWARDED: &str = "remove it and let clients reach the listener without an HTTP proxy (a TCP proxy is fine)";
const NO_JSON_LIMIT: &str = "remove it; bodies are bounded by max_request_size and nesting has a fixed limit";
const NO_REDACTION: &str = "remove it, or set it to false";
const NO_ACME: &str = "name a certificate with tls_cert_file and tls_key_file";
const NO_AGENT: &str = "it is for Vault's agent and proxy";
const CORS_BY_API: &str = "CORS is configured at sys/config/cors";

pub(crate) const LISTENER: Scope = Scope {
    name: "listener",
    keys: &[
        ("type", Used),
        ("address", Used),
        ("cluster_address", Used),
        ("tls_disable", Used),
        ("tls_cert_file", Used),
        ("tls_key_file", Used),
        ("tls_min_version", Used),
        ("tls_max_version", Used),
        ("tls_cipher_suites", Used),
        ("tls_client_ca_file", Used),
        ("tls_disable_client_certs", Used),
        ("tls_auto_reload", Used),
        ("tls_auto_reload_interval", Used),
        ("max_request_size", Used),
        ("max_request_duration", Used),
        ("http_read_timeout", Used),
        ("http_read_header_timeout", Used),
        ("http_write_timeout", Used),
        ("http_idle_timeout", Used),
        ("socket_mode", Used),
        ("socket_user", Used),
        ("socket_group", Used),
        ("telemetry", Used),
        ("profiling", Used),
        ("inflight_requests_logging", Used),
        ("custom_response_headers", Used),
        ("disable_unauthed_rekey_endpoints", Used),
        ("disable_unauthed_generate_root_endpoints", Used),
        ("tls_prefer_server_cipher_suites", Unused("the server's order always decides")),
        ("role", Unused(NO_AGENT)),
        ("purpose", Unused(NO_AGENT)),
        ("agent_api", Unused(NO_AGENT)),
        ("proxy_api", Unused(NO_AGENT)),
        ("cors_enabled", Unused(CORS_BY_API)),
        ("cors_allowed_origins", Unused(CORS_BY_API)),
        ("cors_allowed_headers", Unused(CORS_BY_API)),
        ("cors_allow_credentials", Unused(CORS_BY_API)),
        ("tls_require_and_verify_client_cert", Guarded("set it to false, and restrict the network meanwhile")),
        ("tls_key_exchange_preferences", Guarded("remove it; X25519 with ML-KEM, X25519 and P-256 are offered")),
        ("require_request_header", Guarded("set it to false")),
        ("chroot_namespace", Guarded("remove it; namespaces are not built")),
        ("redact_addresses", Guarded(NO_REDACTION)),
        ("redact_cluster_name", Guarded(NO_REDACTION)),
        ("redact_version", Guarded(NO_REDACTION)),
        ("disable_replication_status_endpoints", Guarded(NO_REDACTION)),
        ("disable_request_limiter", Unused("there is no adaptive limiter")),
        ("max_request_json_memory", Guarded(NO_JSON_LIMIT)),
        ("max_request_json_strings", Guarded(NO_JSON_LIMIT)),
        ("max_json_depth", Guarded(NO_JSON_LIMIT)),
        ("max_json_string_value_length", Guarded(NO_JSON_LIMIT)),
        ("max_json_object_entry_count", Guarded(NO_JSON_LIMIT)),
        ("max_json_array_element_count", Guarded(NO_JSON_LIMIT)),
        ("x_forwarded_for_authorized_addrs", Guarded(NO_FORWARDED)),
        ("x_forwarded_for_hop_skips", Guarded(NO_FORWARDED)),
        ("x_forwarded_for_reject_not_present", Guarded(NO_FORWARDED)),
        ("x_forwarded_for_reject_not_authorized", Guarded(NO_FORWARDED)),
        ("x_forwarded_for_client_cert_header", Guarded(NO_FORWARDED)),
        ("x_forwarded_for_client_cert_header_decoders", Guarded(NO_FORWARDED)),
        ("x_forwarded_for_client_cert_decoders", Guarded(NO_FORWARDED)),
        ("x_forwarded_for_client_cert_keep_not_forwarded", Guarded(NO_FORWARDED)),
        ("x_forwarded_for_client_cert_keep_unauthorized", Guarded(NO_FORWARDED)),
        ("proxy_protocol_behavior", Used),
        ("proxy_protocol_authorized_addrs", Used),
        ("tls_acme_cache_path", Guarded(NO_ACME)),
        ("tls_acme_ca_directory", Guarded(NO_ACME)),
        ("tls_acme_test_ca_directory", Guarded(NO_ACME)),
        ("tls_acme_ca_root", Guarded(NO_ACME)),
        ("tls_acme_eab_key_id", Guarded(NO_ACME)),
        ("tls_acme_eab_mac_key", Guarded(NO_ACME)),
        ("tls_acme_key_type", Guarded(NO_ACME)),
        ("tls_acme_email", Guarded(NO_ACME)),
        ("tls_acme_domains", Guarded(NO_ACME)),
        ("tls_acme_disable_http_challenge", Guarded(NO_ACME)),
        ("tls_acme_disable_alpn_challenge", Guarded(NO_ACME)),
    ],
};

pub(crate) const LISTENER_TELEMETRY: Scope = Scope {
    name: "listener telemetry",
    keys: &[
        ("unauthenticated_metrics_access", Used),
        ("disallow_metrics", Guarded("remove it; without a token only the node's own state is shown")),
        ("metrics_only", Guarded("set it to false, or serve metrics on a listener of a proxy")),
        ("metrics_path", Guarded("remove it; metrics are at /v1/sys/metrics")),
    ],
};

pub(crate) const PROFILING: Scope = Scope {
    name: "listener profiling",
    keys: &[("unauthenticated_pprof_access", Unused("the profiling endpoints are Go's and not built"))],
};

pub(crate) const IN_FLIGHT: Scope =
    Scope { name: "listener inflight_requests_logging", keys: &[("unauthenticated_in_flight_requests_access", Used)] };
