//! `proxy_protocol_*`: whom a listener believes about where a connection is from.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::config::problem::ConfigError;
use crate::config::section::Section;

/// Whom a listener believes about where a connection is from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// No header is expected.
    #[default]
    Off,
    /// Everybody's header is believed: only for a listener that nobody but the proxy can reach.
    UseAlways,
    /// These addresses' headers are believed; those of others are taken off and forgotten.
    AllowAuthorized(Vec<IpNet>),
    /// These addresses' headers are believed; others that send one are turned away.
    DenyUnauthorized(Vec<IpNet>),
}

pub(super) fn read(section: &Section<'_>) -> Result<ProxyProtocol, ConfigError> {
    const BEHAVIOR: &str = "proxy_protocol_behavior";
    const ADDRESSES: &str = "proxy_protocol_authorized_addrs";
    let texts = section.body.strings(ADDRESSES).map_err(|error| ConfigError::read(section.file, &error))?;
    let mut authorized = Vec::new();
    for text in texts.iter().flatten().flat_map(|text| text.split(',')).map(str::trim).filter(|text| !text.is_empty()) {
        authorized.push(network(text).ok_or_else(|| {
            section.wrong(ADDRESSES, format!("{text:?} is neither an IP address nor a range such as 10.0.0.0/8"))
        })?);
    }
    let needs_addresses = |made: fn(Vec<IpNet>) -> ProxyProtocol| match authorized.is_empty() {
        true => Err(section.wrong(BEHAVIOR, format!("needs {ADDRESSES}: the addresses of the proxies"))),
        false => Ok(made(authorized.clone())),
    };
    match section.string(BEHAVIOR)?.as_deref() {
        None if !authorized.is_empty() => Err(section.wrong(ADDRESSES, format!("has no effect without {BEHAVIOR}"))),
        None => Ok(ProxyProtocol::Off),
        Some("use_always") => Ok(ProxyProtocol::UseAlways),
        Some("allow_authorized") => needs_addresses(ProxyProtocol::AllowAuthorized),
        Some("deny_unauthorized") => needs_addresses(ProxyProtocol::DenyUnauthorized),
        Some(_) => Err(section.wrong(BEHAVIOR, "must be use_always, allow_authorized or deny_unauthorized")),
    }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
