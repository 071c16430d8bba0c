//! What is printed at start: the settings in force.

use std::fmt::Write;

use super::memory::Locked;
use crate::config::{Config, LogLevel, Storage};
use crate::listen::Bound;
use crate::version;

/// The effective settings, a line each, names flush right.
pub fn configuration(config: &Config, bound: &[Bound], locked: &Locked) -> String {
    let mut lines = Vec::new();
    let address =
        |url: &Option<crate::config::NodeUrl>| url.as_ref().map_or("(not set)".to_owned(), ToString::to_string);
    lines.push(("Api Address".to_owned(), address(&config.api_addr)));
    lines.push(("Cluster Address".to_owned(), address(&config.cluster_addr)));
    for (number, (listener, bound)) in config.listeners.iter().zip(bound).enumerate() {
        lines.push((format!("Listener {}", number + 1), listener_line(listener, bound)));
    }
    lines.push(("Log Level".to_owned(), config.log.level.unwrap_or(LogLevel::Info).to_string()));
    let mlock = match locked {
        Locked::Yes => "supported: true, enabled: true",
        Locked::Disabled => "supported: true, enabled: false",
        Locked::No(_) => "supported: false, enabled: false",
    };
    lines.push(("Mlock".to_owned(), mlock.to_owned()));
    let storage = match &config.storage {
        Storage::Raft(raft) => format!("raft (HA available, path: {:?})", raft.path.display().to_string()),
        Storage::InMemory => "inmem".to_owned(),
    };
    lines.push(("Storage".to_owned(), storage));
    lines.push(("TLS Cryptography".to_owned(), coffer_tls::PROVIDER_NAME.to_owned()));
    lines.push(("Vault Api Level".to_owned(), version::VAULT_API.to_owned()));
    lines.push(("Version".to_owned(), format!("Coffer v{}, built {}", version::OWN, crate::assemble::BUILD_DATE)));

    let mut text = "==> Coffer server configuration:\n\n".to_owned();
    for (name, value) in lines {
        let _ = writeln!(text, "{name:>24}: {value}");
    }
    text
}

fn listener_line(listener: &crate::config::Listener, bound: &Bound) -> String {
    let duration = |time: std::time::Duration| format!("{}s", time.as_secs());
    let mut details = vec![format!("addr: {:?}", bound.info().address)];
    let kind = match &listener.endpoint {
        crate::config::Endpoint::Tcp { cluster_address, .. } => {
            details.push(format!("cluster address: {:?}", cluster_address.to_string()));
            "tcp"
        }
        crate::config::Endpoint::Unix { .. } => "unix",
    };
    if let Some(time) = listener.limits.max_request_duration {
        details.push(format!("max_request_duration: {:?}", duration(time)));
    }
    let size = listener.limits.max_request_size.map_or("unlimited".to_owned(), |size| size.to_string());
    details.push(format!("max_request_size: {size:?}"));
    details.push(format!("tls: {:?}", if bound.info().tls { "enabled" } else { "disabled" }));
    format!("{kind} ({})", details.join(", "))
}
