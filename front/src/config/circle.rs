//! A proxy that would be its own server.

use std::net::IpAddr;

use super::{Config, ConfigError, HostPort};

/// As far as the texts tell: names are not looked up.
///
/// # Errors
/// A connection would come back to the frontend that took it.
pub(super) fn refuse(config: &Config) -> Result<(), ConfigError> {
    for frontend in &config.frontends {
        let backends = config.backends.iter().filter(|backend| backend.name == frontend.backend);
        let mut servers = backends.flat_map(|backend| &backend.servers);
        if let Some(server) = servers.find(|server| takes(&frontend.bind, &server.address)) {
            return Err(ConfigError::Whole(format!(
                "server {:?} at {} is frontend {:?} itself, whose connections would come back to it without end: name the \
                 node's own address",
                server.name, server.address, frontend.name
            )));
        }
    }
    Ok(())
}

/// Whether what is bound there takes what is dialled.
fn takes(bound: &HostPort, dialled: &HostPort) -> bool {
    bound.port == dialled.port && (bound.host == dialled.host || takes_host(&bound.host, &dialled.host))
}

fn takes_host(bound: &str, dialled: &str) -> bool {
    let (Some(bound), Some(dialled)) = (address(bound), address(dialled)) else { return false };
    // Dialled, "all interfaces" is this machine.
    let is_here = dialled.is_loopback() || dialled.is_unspecified();
    match bound {
        // Linux has it take both families.
        IpAddr::V6(bound) if bound.is_unspecified() => is_here,
        IpAddr::V4(bound) if bound.is_unspecified() => is_here && dialled.is_ipv4(),
        bound => bound == dialled || (bound.is_loopback() && dialled.is_unspecified()),
    }
}

fn address(host: &str) -> Option<IpAddr> {
    match host {
        "" => Some(IpAddr::from([0, 0, 0, 0])),
        "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
        host => host.parse().ok(),
    }
}
