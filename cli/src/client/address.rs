use std::fmt;
use std::path::PathBuf;

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// Put before every path, without a slash at its end.
    pub(super) prefix: String,
    /// The address as it was given.
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    Unix(PathBuf),
}

/// An address that no connection can be made to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("parse {0:?}: invalid character {1:?} in host name")]
    Character(String, char),
    #[error("parse {0:?}: invalid port {1:?} after host")]
    Port(String, String),
    #[error("parse {0:?}: no host")]
    NoHost(String),
    #[error("unsupported protocol scheme {0:?}: an address starts with http://, https:// or unix://")]
    Scheme(String),
}

impl Address {
    /// # Errors
    /// The text is not `http://HOST[:PORT]`, the same with `https`, or `unix://PATH`.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(AddressError::Scheme(String::new()));
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            "unix" => {
                let scheme = Scheme::Unix(PathBuf::from(rest));
                let (host, prefix) = ("localhost".to_owned(), String::new());
                return Ok(Self { scheme, host, port: None, prefix, text: text.to_owned() });
            }
            other => return Err(AddressError::Scheme(other.to_owned())),
        };
        let (authority, path) = match rest.find(['/', '?', '#']) {
            Some(at) => (&rest[..at], rest[at..].split(['?', '#']).next().unwrap_or_default()),
            None => (rest, ""),
        };
        // User and password in the address are not sent anywhere.
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = split_port(authority);
        if let Some(bad) = host.chars().find(|c| c.is_whitespace() || c.is_control() || "<>\"\\^`{|}".contains(*c)) {
            return Err(AddressError::Character(text.to_owned(), bad));
        }
        if host.is_empty() {
            return Err(AddressError::NoHost(text.to_owned()));
        }
        let port = match port {
            None | Some("") => None,
            Some(port) => Some(port.parse().map_err(|_| AddressError::Port(text.to_owned(), format!(":{port}")))?),
        };
        let prefix = path.trim_end_matches('/').to_owned();
        Ok(Self { scheme, host: host.to_owned(), port, prefix, text: text.to_owned() })
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The port given, or the scheme's own.
    pub(super) fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// `host[:port]`, as it stands in a URL.
    pub(super) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// `https://host[:port]`
    pub(super) fn origin(&self) -> String {
        let scheme = if self.is_https() { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// The host without the brackets of an IPv6 address.
    pub(super) fn bare_host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rfind(':') {
        Some(at) if authority.rfind(']').is_none_or(|end| at > end) => (&authority[..at], Some(&authority[at + 1..])),
        _ => (authority, None),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_kind() {
        let address = Address::parse("https://Vault.example:8200/base/").unwrap();
        assert_eq!((address.origin().as_str(), address.prefix.as_str()), ("https://Vault.example:8200", "/base"));
        assert_eq!(Address::parse("https://h").unwrap().port_or_default(), 443);
        let v6 = Address::parse("http://[::1]:8200").unwrap();
        assert_eq!((v6.bare_host(), v6.port), ("::1", Some(8200)));
        assert_eq!(Address::parse("http://[::1]").unwrap().port, None);
        let unix = Address::parse("unix:///run/v.sock").unwrap();
        assert_eq!(
            (unix.scheme.clone(), unix.origin().as_str()),
            (Scheme::Unix("/run/v.sock".into()), "http://localhost")
        );
        assert_eq!(Address::parse("http://user:pw@h:1").unwrap().origin(), "http://h:1");
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            Address::parse("http://a b").unwrap_err().to_string(),
            "parse \"http://a b\": invalid character ' ' in host name"
        );
        assert!(Address::parse("foo").unwrap_err().to_string().starts_with("unsupported protocol scheme \"\""));
        assert_eq!(
            Address::parse("http://h:x").unwrap_err().to_string(),
            "parse \"http://h:x\": invalid port \":x\" after host"
        );
        assert_eq!(Address::parse("http://:1").unwrap_err().to_string(), "parse \"http://:1\": no host");
    }
}
