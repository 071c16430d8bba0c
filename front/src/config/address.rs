//! Hosts with ports.

use std::fmt;
use std::str::FromStr;

/// A host and a port. An empty host means all interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// A name or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Not a host with a port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host and a port, such as 192.168.1.10:8200, [::1]:8200 or *:8200")]
pub struct BadAddress(String);

impl HostPort {
    /// For the system's resolver, which knows no empty host.
    pub fn lookup(&self) -> (&str, u16) {
        let host = if self.host.is_empty() { "0.0.0.0" } else { &self.host };
        (host, self.port)
    }
}

impl FromStr for HostPort {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let port = port.parse().map_err(|_| bad())?;
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) if inner.parse::<std::net::Ipv6Addr>().is_ok() => inner,
            Some(_) => return Err(bad()),
            // As HAProxy writes "all interfaces".
            None if host == "*" => "",
            None => host,
        };
        let is_name = |host: &str| host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if host.parse::<std::net::Ipv6Addr>().is_err() && !is_name(host) {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
