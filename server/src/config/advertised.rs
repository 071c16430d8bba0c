//! Addresses that a node gives to others, where they cannot be right.

use super::{Config, Endpoint, Listener, Scheme, Security, Warning};

/// What others could not follow.
pub(super) fn warnings(config: &Config) -> Vec<Warning> {
    let named = [("api_addr", &config.api_addr), ("cluster_addr", &config.cluster_addr)];
    let mut warnings: Vec<_> = named
        .into_iter()
        .filter_map(|(key, url)| url.as_ref().filter(|url| url.at.is_unspecified()).map(|url| (key, url)))
        .map(|(key, url)| {
            Warning::from_text(format!(
                "{key} is {url}, which is an address to listen on: others cannot connect to it. Name this node's own address"
            ))
        })
        .collect();
    warnings.extend(config.api_addr.as_ref().and_then(|url| {
        let (wanted, offered) = match url.scheme {
            Scheme::Http => ("without TLS", "TLS alone: write https://"),
            Scheme::Https => ("TLS", "none: write http://, or give it a certificate"),
        };
        let mut on_that_port =
            config.listeners.iter().filter(|listener| port(listener) == Some(url.at.port)).peekable();
        on_that_port.peek()?;
        let speaks = |listener: &Listener| match &listener.security {
            Security::Plain => Scheme::Http,
            Security::Tls(_) => Scheme::Https,
        };
        on_that_port.all(|listener| speaks(listener) != url.scheme).then(|| {
            Warning::from_text(format!("api_addr is {url} ({wanted}), and the listener on that port has {offered}"))
        })
    }));
    warnings
}

fn port(listener: &Listener) -> Option<u16> {
    match &listener.endpoint {
        Endpoint::Tcp { address, .. } => Some(address.port),
        Endpoint::Unix { .. } => None,
    }
}
