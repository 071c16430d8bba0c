//! The connecting side's configuration.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use crate::verify;
use crate::versions::VersionRange;
use crate::{ReloadableIdentity, Roots, provider};

/// Whom a client trusts and what it shows.
#[derive(Debug, Clone)]
pub struct ClientTls {
    /// Who vouches for servers.
    pub trust: Trust,
    /// The certificate shown to servers that ask for one.
    pub identity: Option<Arc<ReloadableIdentity>>,
    /// The name that the server's certificate must bear, and that is sent as SNI, instead of the address's host.
    pub server_name: Option<String>,
    /// The versions offered.
    pub versions: VersionRange,
    /// Application protocols by preference, such as `h2`.
    pub alpn: Vec<Vec<u8>>,
}

/// Who vouches for servers.
#[derive(Debug, Clone)]
pub enum Trust {
    /// These CAs.
    Roots(Roots),
    /// Nobody: any certificate is taken, as `-tls-skip-verify` asks for.
    AnyCertificate,
}

impl ClientTls {
    /// Everything by default but the trust.
    pub fn new(trust: Trust) -> Self {
        Self { trust, identity: None, server_name: None, versions: VersionRange::default(), alpn: Vec::new() }
    }

    /// The configuration for rustls.
    ///
    /// # Errors
    /// Nothing is trusted, or rustls refuses the combination.
    pub fn config(&self) -> Result<Arc<ClientConfig>, ClientTlsError> {
        let provider = provider();
        let verifier = match &self.trust {
            Trust::AnyCertificate => verify::any_certificate(&provider),
            Trust::Roots(roots) if roots.is_empty() => return Err(ClientTlsError::NothingTrusted),
            Trust::Roots(roots) => verify::by_roots(roots, &provider)?,
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions.supported())?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(Arc::clone(identity) as _),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(Arc::new(config))
    }

    /// The name to connect under: the configured one, or `host` (a DNS name, or an address with or without brackets).
    ///
    /// # Errors
    /// It is neither a DNS name nor an address.
    pub fn name_for(&self, host: &str) -> Result<ServerName<'static>, ClientTlsError> {
        let name = self.server_name.as_deref().unwrap_or(host);
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        ServerName::try_from(bare.to_owned()).map_err(|_| ClientTlsError::BadName(name.to_owned()))
    }
}

/// Settings that make no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ClientTlsError {
    /// No CA is known.
    #[error("no trusted CA certificates: install the system's CA bundle or name a CA file")]
    NothingTrusted,
    /// The CAs cannot be used.
    #[error("trusted CA: {0}")]
    Roots(#[from] rustls::client::VerifierBuilderError),
    /// Not a name that a certificate can bear.
    #[error("{0:?} is neither a DNS name nor an IP address")]
    BadName(String),
    /// rustls refuses the combination.
    #[error("{}", crate::explain(.0))]
    Refused(#[from] rustls::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_host_or_the_setting() {
        let mut tls = ClientTls::new(Trust::AnyCertificate);
        assert!(matches!(tls.name_for("[::1]"), Ok(ServerName::IpAddress(_))));
        assert!(matches!(tls.name_for("vault.example.com"), Ok(ServerName::DnsName(_))));
        assert!(matches!(tls.name_for("no good"), Err(ClientTlsError::BadName(_))));
        tls.server_name = Some("other.example.com".into());
        assert_eq!(tls.name_for("127.0.0.1").unwrap().to_str(), "other.example.com");
    }

    #[test]
    fn nothing_trusted_is_said_before_connecting() {
        let tls = ClientTls::new(Trust::Roots(Roots::default()));
        assert!(matches!(tls.config(), Err(ClientTlsError::NothingTrusted)));
    }
}
