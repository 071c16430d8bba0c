//! Addresses as the configuration writes them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Host and port that a listener binds. An empty host means all interfaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address without brackets; empty for all interfaces.
    pub host: String,
    /// The port; 0 lets the system choose one.
    pub port: u16,
}

impl HostPort {
    /// The same host on another port.
    pub fn with_port(&self, port: u16) -> Self {
        Self { host: self.host.clone(), port }
    }

    /// Whether it binds every interface, so that no client can be told to connect to it.
    pub fn is_unspecified(&self) -> bool {
        self.host.is_empty() || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified())
    }
}

impl FromStr for HostPort {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains("{{") {
            return Err(BadAddress::Template);
        }
        let missing_port = || BadAddress::NoPort(text.to_owned());
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or_else(|| BadAddress::Malformed(text.to_owned()))?;
                let port = after.strip_prefix(':').ok_or_else(missing_port)?;
                if host.parse::<std::net::Ipv6Addr>().is_err() {
                    return Err(BadAddress::Malformed(text.to_owned()));
                }
                (host, port)
            }
            None => {
                let (host, port) = text.rsplit_once(':').ok_or_else(missing_port)?;
                if host.contains(':') {
                    return Err(BadAddress::Unbracketed(text.to_owned()));
                }
                (host, port)
            }
        };
        if !host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':')) {
            return Err(BadAddress::Malformed(text.to_owned()));
        }
        let port = port.parse().map_err(|_| BadAddress::BadPort(text.to_owned()))?;
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

/// `http://` or `https://`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

/// The URL under which others reach this node: scheme, host and port, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeUrl {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Where.
    pub at: HostPort,
}

impl FromStr for NodeUrl {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains("{{") {
            return Err(BadAddress::Template);
        }
        let (scheme, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (Scheme::Https, rest),
            (_, Some(rest)) => (Scheme::Http, rest),
            _ => return Err(BadAddress::NoScheme(text.to_owned())),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let at = match authority.parse::<HostPort>() {
            Err(BadAddress::NoPort(_)) => {
                let port = if scheme == Scheme::Https { 443 } else { 80 };
                format!("{authority}:{port}").parse()?
            }
            other => other?,
        };
        if at.host.is_empty() || at.port == 0 {
            return Err(BadAddress::Malformed(text.to_owned()));
        }
        Ok(Self { scheme, at })
    }
}

impl NodeUrl {
    /// The address for the other nodes, whose port is not that of the web.
    ///
    /// # Errors
    /// As for any other; it has no port.
    pub fn for_nodes(text: &str) -> Result<Self, BadAddress> {
        let url: Self = text.parse()?;
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
        match authority.trim_end_matches('/').parse::<HostPort>() {
            Err(BadAddress::NoPort(_)) => Err(BadAddress::NoClusterPort(text.to_owned())),
            _ => Ok(url),
        }
    }
}

impl fmt::Display for NodeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.scheme == Scheme::Https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.at)
    }
}

/// Not an address that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// No port.
    #[error("{0:?} has no port: write HOST:PORT")]
    NoPort(String),
    /// No port, in the address for the other nodes.
    #[error("{0:?} has no port: write https://HOST:8201, with the port of cluster_address")]
    NoClusterPort(String),
    /// The port is no number up to 65535.
    #[error("{0:?} has a port that is not a number from 0 to 65535")]
    BadPort(String),
    /// An IPv6 address with a port needs brackets.
    #[error("{0:?} is ambiguous: write an IPv6 address in brackets, as in [::1]:8200")]
    Unbracketed(String),
    /// Neither a name nor an address.
    #[error("{0:?} is not an address")]
    Malformed(String),
    /// No scheme.
    #[error("{0:?} is not a URL: write https://HOST:PORT")]
    NoScheme(String),
    /// A go-sockaddr template.
    #[error(
        "address templates (\"{{{{ ... }}}}\") are not built: write the address itself, or set it in the environment"
    )]
    Template,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_alike() {
        for text in ["127.0.0.1:8200", "0.0.0.0:8200", "[::]:8200", "[::1]:0", "localhost:8200", ":8200"] {
            assert_eq!(text.parse::<HostPort>().unwrap().to_string(), text);
        }
        assert!(":8200".parse::<HostPort>().unwrap().is_unspecified());
        assert!(NodeUrl::for_nodes("https://[::1]:8201/").is_ok());
        for text in ["https://vault1.example.com", "https://127.0.0.1/", "https://[::1]"] {
            assert_eq!(NodeUrl::for_nodes(text), Err(BadAddress::NoClusterPort(text.to_owned())));
        }
        assert!("[::]:8200".parse::<HostPort>().unwrap().is_unspecified());
        assert!(!"[::1]:8200".parse::<HostPort>().unwrap().is_unspecified());
    }

    #[test]
    fn mistakes_are_told_apart() {
        assert!(matches!("127.0.0.1".parse::<HostPort>(), Err(BadAddress::NoPort(_))));
        assert!(matches!("127.0.0.1:82000".parse::<HostPort>(), Err(BadAddress::BadPort(_))));
        assert!(matches!("::1:8200".parse::<HostPort>(), Err(BadAddress::Unbracketed(_))));
        assert!(matches!("[nonsense]:8200".parse::<HostPort>(), Err(BadAddress::Malformed(_))));
        assert!(matches!("{{ GetPrivateIP }}:8200".parse::<HostPort>(), Err(BadAddress::Template)));
        assert!(matches!("vault1:8200".parse::<NodeUrl>(), Err(BadAddress::NoScheme(_))));
        assert!(matches!("https://a b:1".parse::<NodeUrl>(), Err(BadAddress::Malformed(_))));
        assert!(matches!("https://a:1/path".parse::<NodeUrl>(), Err(BadAddress::BadPort(_))));
    }

    #[test]
    fn urls_get_their_schemes_port() {
        assert_eq!(
            "https://vault1.example.com".parse::<NodeUrl>().unwrap().to_string(),
            "https://vault1.example.com:443"
        );
        assert_eq!("http://127.0.0.1:8200/".parse::<NodeUrl>().unwrap().to_string(), "http://127.0.0.1:8200");
        assert_eq!("https://[::1]:8201".parse::<NodeUrl>().unwrap().at.host, "::1");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = text.parse::<HostPort>();
            let _ = text.parse::<NodeUrl>();
        }
    }
}
