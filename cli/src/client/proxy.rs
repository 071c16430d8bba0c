//! HTTP proxies, as the environment names them.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use zeroize::Zeroizing;

use super::address::Address;
use crate::env::{Env, Variable};

/// Which proxy, if any, stands before a server.
#[derive(Default)]
pub(super) struct Proxies {
    /// For every server, whatever the others say.
    all: Option<Proxy>,
    http: Option<Proxy>,
    https: Option<Proxy>,
    exempt: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of a Proxy-Authorization header.
    pub(super) authorization: Option<Zeroizing<String>>,
}

/// A proxy that cannot be used. The error does not show the address: it can hold a password.
#[derive(Debug, thiserror::Error)]
#[error("{0}: only proxies at http://HOST:PORT are supported")]
pub(crate) struct ProxyError(String);

impl Proxies {
    /// # Errors
    /// A variable names a proxy of another kind.
    pub(super) fn read(env: &Env) -> Result<Self, ProxyError> {
        let own = [Variable("PROXY_ADDR"), Variable("HTTP_PROXY")];
        let all = own.into_iter().find_map(|variable| Some((variable.name(), env.get(variable)?)));
        let plain = |upper: &str, lower: &str| {
            let names = [upper.to_owned(), lower.to_owned()];
            names.into_iter().find_map(|name| Some((name.clone(), env.plain(&name).filter(|value| !value.is_empty())?)))
        };
        let no_proxy = env.plain("NO_PROXY").or_else(|| env.plain("no_proxy")).unwrap_or_default();
        let proxy = |found: Option<(String, &str)>| found.map(|(name, text)| Proxy::parse(&name, text)).transpose();
        Ok(Self {
            all: proxy(all)?,
            http: proxy(plain("HTTP_PROXY", "http_proxy"))?,
            https: proxy(plain("HTTPS_PROXY", "https_proxy"))?,
            exempt: no_proxy
                .split(',')
                .map(|entry| entry.trim().to_lowercase())
                .filter(|entry| !entry.is_empty())
                .collect(),
        })
    }

    pub(super) fn before(&self, address: &Address) -> Option<&Proxy> {
        if self.all.is_some() {
            return self.all.as_ref();
        }
        let proxy = if address.is_https() { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !self.is_exempt(address))
    }

    fn is_exempt(&self, address: &Address) -> bool {
        let host = address.bare_host().to_lowercase();
        let ip: Option<IpAddr> = host.parse().ok();
        if host == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
            return true;
        }
        self.exempt.iter().any(|entry| {
            let (name, port) = match entry.rsplit_once(':') {
                Some((name, port)) if port.parse::<u16>().is_ok() && !name.contains(':') => (name, port.parse().ok()),
                _ => (entry.as_str(), None),
            };
            let port_fits = port.is_none_or(|port: u16| port == address.port_or_default());
            port_fits && matches_entry(name, &host, ip)
        })
    }
}

fn matches_entry(entry: &str, host: &str, ip: Option<IpAddr>) -> bool {
    if entry == "*" || entry == host {
        return true;
    }
    if let (Some(ip), Ok(net)) = (ip, entry.parse::<IpNet>()) {
        return net.contains(&ip);
    }
    let domain = entry.strip_prefix('*').unwrap_or(entry);
    let suffix = domain.strip_prefix('.').unwrap_or(domain);
    host.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

impl Proxy {
    fn parse(setting: &str, text: &str) -> Result<Self, ProxyError> {
        let error = || ProxyError(setting.to_owned());
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let rest = text.strip_prefix("http://").ok_or_else(error)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        let address = Address::parse(&text).map_err(|_| error())?;
        let authorization =
            user.map(|user| Zeroizing::new(format!("Basic {}", STANDARD.encode(percent_decoded(user)))));
        Ok(Self { host: address.bare_host().to_owned(), port: address.port_or_default(), authorization })
    }
}

fn percent_decoded(text: &str) -> Zeroizing<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(variables: &[(&str, &str)], address: &str) -> Option<String> {
        let proxies = Proxies::read(&Env::with(variables)).unwrap();
        proxies.before(&Address::parse(address).unwrap()).map(|proxy| format!("{}:{}", proxy.host, proxy.port))
    }

    #[test]
    fn the_scheme_chooses_the_proxy_and_exceptions_are_kept() {
        let variables = [("HTTPS_PROXY", "http://p:3128"), ("NO_PROXY", "corp.example, 10.0.0.0/8,.x.example,h:9")];
        assert_eq!(before(&variables, "https://v.example").as_deref(), Some("p:3128"));
        for address in [
            "http://v.example",
            "https://a.corp.example",
            "https://corp.example",
            "https://10.1.2.3",
            "https://localhost",
            "https://127.0.0.1",
            "https://a.x.example",
            "https://h:9",
        ] {
            assert_eq!(before(&variables, address), None, "{address}");
        }
        assert_eq!(before(&variables, "https://notcorp.example").as_deref(), Some("p:3128"));
        assert_eq!(before(&variables, "https://h:8").as_deref(), Some("p:3128"));
    }

    #[test]
    fn the_own_variable_holds_for_every_server() {
        assert_eq!(before(&[("VAULT_HTTP_PROXY", "p:1")], "http://127.0.0.1").as_deref(), Some("p:1"));
    }

    #[test]
    fn a_password_is_sent_and_never_shown() {
        let proxies = Proxies::read(&Env::with(&[("HTTP_PROXY", "http://u:p%40@p:1")])).unwrap();
        let header = proxies.http.unwrap().authorization.unwrap();
        assert_eq!(header.as_str(), "Basic dTpwQA==");
        let error = Proxies::read(&Env::with(&[("HTTP_PROXY", "socks5://u:s3cret@p:1")])).err().unwrap();
        assert_eq!(error.to_string(), "HTTP_PROXY: only proxies at http://HOST:PORT are supported");
    }
}
