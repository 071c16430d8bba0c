//! The accepting side's configuration.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;

use crate::suites::CipherSuites;
use crate::versions::{TlsVersion, VersionRange};
use crate::{ReloadableIdentity, Roots, provider};

/// What a listener offers and asks for.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// The certificate shown to clients.
    pub identity: Arc<ReloadableIdentity>,
    /// The versions offered.
    pub versions: VersionRange,
    /// The TLS 1.2 suites offered; all if `None`.
    pub suites: Option<CipherSuites>,
    /// Whether clients are asked for a certificate.
    pub client_auth: ClientAuth,
    /// Application protocols by preference, such as `h2`.
    pub alpn: Vec<Vec<u8>>,
}

/// Whether clients are asked for a certificate.
#[derive(Debug, Clone)]
pub enum ClientAuth {
    /// They are not.
    NotAsked,
    /// One that is shown must chain to these CAs.
    Optional(Roots),
    /// One must be shown and chain to these CAs.
    Required(Roots),
}

impl ServerTls {
    /// Everything by default but the certificate.
    pub fn new(identity: Arc<ReloadableIdentity>) -> Self {
        let (versions, suites) = (VersionRange::default(), None);
        Self { identity, versions, suites, client_auth: ClientAuth::NotAsked, alpn: Vec::new() }
    }

    /// The configuration for rustls. The identity can be reloaded without building another.
    ///
    /// # Errors
    /// The settings contradict each other.
    pub fn config(&self) -> Result<Arc<ServerConfig>, ServerTlsError> {
        let full = provider();
        let chosen = match &self.suites {
            Some(suites) if self.versions.contains(TlsVersion::Tls12) => Arc::new(suites.restrict(&full)),
            _ => Arc::clone(&full),
        };
        let builder = ServerConfig::builder_with_provider(chosen).with_protocol_versions(self.versions.supported())?;
        let verifier = |roots: &Roots| {
            if roots.is_empty() {
                return Err(ServerTlsError::NoClientCa);
            }
            Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots.store.clone()), Arc::clone(&full)))
        };
        let builder = match &self.client_auth {
            ClientAuth::NotAsked => builder.with_no_client_auth(),
            ClientAuth::Optional(roots) => {
                builder.with_client_cert_verifier(verifier(roots)?.allow_unauthenticated().build()?)
            }
            ClientAuth::Required(roots) => builder.with_client_cert_verifier(verifier(roots)?.build()?),
        };
        let mut config = builder.with_cert_resolver(Arc::clone(&self.identity) as _);
        config.alpn_protocols.clone_from(&self.alpn);
        config.ticketer = crate::provider::ticketer()?;
        Ok(Arc::new(config))
    }
}

/// Settings that make no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ServerTlsError {
    /// Clients would be asked for a certificate that no CA could vouch for.
    #[error("clients are asked for a certificate, but no client CA is given")]
    NoClientCa,
    /// The client CAs cannot be used.
    #[error("client CA: {0}")]
    ClientCa(#[from] rustls::server::VerifierBuilderError),
    /// rustls refuses the combination.
    #[error("{}", crate::explain(.0))]
    Refused(#[from] rustls::Error),
}
