//! The configuration as `sys/config/state/sanitized` shows it: Vault's names, and nothing that could be a secret.

use serde_json::{Map, Value, json};

use super::{Config, Endpoint, Listener, Security, Storage};

impl Config {
    /// Everything that is no secret. Durations are in nanoseconds, as in Vault.
    pub fn sanitized(&self) -> Value {
        let text = |value: &Option<super::NodeUrl>| value.as_ref().map(ToString::to_string).unwrap_or_default();
        let nanos = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let shown = |value: Option<String>| value.unwrap_or_default();
        json!({
            "api_addr": text(&self.api_addr),
            "cache_size": 0,
            "cluster_addr": text(&self.cluster_addr),
            "cluster_cipher_suites": "",
            "cluster_name": shown(self.cluster_name.clone()),
            "default_lease_ttl": nanos(self.lease_ttl.default),
            "default_max_request_duration": nanos(self.max_request_duration),
            "detect_deadlocks": "",
            "disable_cache": false,
            "disable_clustering": false,
            "disable_indexing": false,
            "disable_mlock": self.memory_lock == super::MemoryLock::Disabled,
            "disable_performance_standby": false,
            "disable_printable_check": false,
            "disable_sealwrap": false,
            "disable_sentinel_trace": false,
            "enable_response_header_hostname": self.hostname_header,
            "enable_response_header_raft_node_id": self.raft_node_id_header,
            "enable_ui": self.ui,
            "imprecise_lease_role_tracking": false,
            "introspection_endpoint": false,
            "listeners": self.listeners.iter().map(listener).collect::<Vec<_>>(),
            "log_format": shown(self.log.format.map(|format| format.to_string())),
            "log_level": shown(self.log.level.map(|level| level.to_string())),
            "log_requests_level": "",
            "max_lease_ttl": nanos(self.lease_ttl.max),
            "pid_file": shown(self.pid_file.as_ref().map(|path| path.display().to_string())),
            "plugin_directory": "",
            "plugin_file_permissions": 0,
            "plugin_file_uid": 0,
            "raw_storage_endpoint": false,
            "seals": [{"disabled": false, "type": "shamir"}],
            "storage": self.storage_shown(),
            "telemetry": {
                "disable_hostname": self.telemetry.disable_hostname,
                "prometheus_retention_time": nanos(self.telemetry.prometheus_retention),
            },
        })
    }

    fn storage_shown(&self) -> Value {
        let text = |value: &Option<super::NodeUrl>| value.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut shown = json!({
            "cluster_addr": text(&self.cluster_addr),
            "disable_clustering": false,
            "redirect_addr": text(&self.api_addr),
            "type": self.storage.kind(),
        });
        if let Storage::Raft(raft) = &self.storage {
            shown["raft"] = json!({"max_entry_size": raft.max_entry_size.to_string()});
        }
        shown
    }
}

fn listener(listener: &Listener) -> Value {
    let mut config = Map::new();
    let kind = match &listener.endpoint {
        Endpoint::Tcp { address, cluster_address } => {
            config.insert("address".into(), address.to_string().into());
            config.insert("cluster_address".into(), cluster_address.to_string().into());
            "tcp"
        }
        Endpoint::Unix { path, .. } => {
            config.insert("address".into(), path.display().to_string().into());
            "unix"
        }
    };
    match &listener.security {
        Security::Plain => {
            config.insert("tls_disable".into(), true.into());
        }
        Security::Tls(tls) => {
            config.insert("tls_cert_file".into(), tls.certificate.display().to_string().into());
            config.insert("tls_key_file".into(), tls.key.display().to_string().into());
        }
    }
    json!({"config": config, "type": kind})
}
