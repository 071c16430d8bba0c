//! Addresses that a node gives to others, where they cannot be right.

use super::{Config, Endpoint, Listener, NodeUrl, Scheme, Security, Warning};

/// What others could not follow.
pub(super) fn warnings(config: &Config) -> Vec<Warning> {
    let api = config.api_addr.as_ref();
    let found = [
        api.and_then(|url| only_to_listen_on("api_addr", url)),
        config.cluster_addr.as_ref().and_then(|url| only_to_listen_on("cluster_addr", url)),
        api.and_then(|url| of_the_other_scheme(url, &config.listeners)),
    ];
    found.into_iter().flatten().map(Warning::from_text).collect()
}

fn only_to_listen_on(key: &str, url: &NodeUrl) -> Option<String> {
    url.at.is_unspecified().then(|| {
        format!(
            "{key} is {url}, which is an address to listen on: others cannot connect to it. Name this node's own address"
        )
    })
}

/// Where listeners have its port, and all of them speak otherwise. Behind a balancer the port is another.
fn of_the_other_scheme(url: &NodeUrl, listeners: &[Listener]) -> Option<String> {
    let schemes: Vec<_> = listeners.iter().filter(|listener| port(listener) == Some(url.at.port)).map(scheme).collect();
    if schemes.is_empty() || schemes.contains(&url.scheme) {
        return None;
    }
    let (wanted, offered) = match url.scheme {
        Scheme::Http => ("without TLS", "TLS alone: write https://"),
        Scheme::Https => ("TLS", "none: write http://, or give it a certificate"),
    };
    Some(format!("api_addr is {url} ({wanted}), and the listener on that port has {offered}"))
}

fn scheme(listener: &Listener) -> Scheme {
    match listener.security {
        Security::Plain => Scheme::Http,
        Security::Tls(_) => Scheme::Https,
    }
}

fn port(listener: &Listener) -> Option<u16> {
    match &listener.endpoint {
        Endpoint::Tcp { address, .. } => Some(address.port),
        Endpoint::Unix { .. } => None,
    }
}
