//! The client's side of TLS, from the settings.

use std::io;
use std::sync::Arc;

use coffer_tls::rustls::pki_types::ServerName;
use coffer_tls::rustls::{CertificateError, ClientConfig, Error};
use coffer_tls::{ClientTls, Identity, PemSource, ReloadableIdentity, Roots, Trust, check_cpu, explain};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::config::{IdentitySource, TlsSettings};

/// Shakes hands on `stream` with the server at `host`.
///
/// # Errors
/// In words: a setting is unusable, or the server is not trusted or does not speak TLS.
pub(super) async fn handshake(
    settings: &TlsSettings,
    host: &str,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, TlsFailure> {
    let (config, name) = configure(settings, host).map_err(TlsFailure::Settings)?;
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| TlsFailure::of(&error))
}

/// Why there is no TLS connection.
pub(super) enum TlsFailure {
    Settings(String),
    /// The certificate is not accepted: no use in trying again.
    Untrusted(String),
    Broken(String),
}

impl TlsFailure {
    fn of(error: &io::Error) -> Self {
        let Some(cause) = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>()) else {
            return Self::Broken(super::connection::io_words(error));
        };
        match cause {
            Error::InvalidCertificate(problem) => {
                Self::Untrusted(format!("tls: failed to verify certificate: {}", certificate_words(problem, cause)))
            }
            Error::InvalidMessage(_) => Self::Broken("http: server gave HTTP response to HTTPS client".to_owned()),
            other => Self::Broken(format!("tls: {}", explain(other))),
        }
    }
}

fn certificate_words(problem: &CertificateError, error: &Error) -> String {
    match problem {
        CertificateError::UnknownIssuer => "x509: certificate signed by unknown authority".to_owned(),
        _ => format!("x509: {}", explain(error)),
    }
}

fn configure(settings: &TlsSettings, host: &str) -> Result<(Arc<ClientConfig>, ServerName<'static>), String> {
    check_cpu().map_err(|error| error.to_string())?;
    let mut tls = ClientTls::new(trust(settings)?);
    tls.identity = identity(settings)?;
    tls.server_name.clone_from(&settings.server_name);
    let config = tls.config().map_err(|error| error.to_string())?;
    let name = tls.name_for(host).map_err(|error| error.to_string())?;
    Ok((config, name))
}

/// A file goes before a text, a text before a folder, each before the system's own.
fn trust(settings: &TlsSettings) -> Result<Trust, String> {
    if settings.skip_verify {
        return Ok(Trust::AnyCertificate);
    }
    let roots = match settings {
        TlsSettings { ca_file: Some(path), .. } => Roots::from_file(path),
        TlsSettings { ca_pem: Some(pem), .. } => Roots::from_pem(pem.as_bytes(), "VAULT_CACERT_BYTES"),
        TlsSettings { ca_dir: Some(path), .. } => Roots::from_dir(path),
        _ => Ok(Roots::system()),
    };
    roots.map(Trust::Roots).map_err(|error| format!("Error loading CA: {error}"))
}

fn identity(settings: &TlsSettings) -> Result<Option<Arc<ReloadableIdentity>>, String> {
    let identity = match &settings.identity {
        None => return Ok(None),
        Some(IdentitySource::Files { certificate, key }) => Identity::from_files(certificate, key),
        Some(IdentitySource::Pem { certificate, key }) => Identity::from_pem(
            certificate.as_bytes(),
            PemSource::Inline("VAULT_CLIENT_CERT_BYTES"),
            key.as_bytes(),
            PemSource::Inline("VAULT_CLIENT_KEY_BYTES"),
        ),
    };
    identity.map(|identity| Some(ReloadableIdentity::fixed(identity))).map_err(|error| error.to_string())
}
