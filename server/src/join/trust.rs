//! Whom a joining node trusts to be a node of the cluster, and what it shows it.

use std::sync::Arc;

use coffer_core::joining::{JoinTarget, Pem};
use coffer_tls::rustls::{AlertDescription, CertificateError, Error};
use coffer_tls::{ClientTls, Identity, PemSource, ReloadableIdentity, Roots, Trust, explain};

use crate::lifecycle::with_file_access;

/// The settings of one target. Files are read each time: they may be put right while the node tries.
///
/// # Errors
/// In words, with the setting.
pub(super) fn settings(target: &JoinTarget, others: &Roots) -> Result<ClientTls, String> {
    let roots = match &target.ca {
        Some(Pem::File(path)) => with_file_access(|| Roots::from_file(path)).map_err(|error| error.to_string())?,
        Some(Pem::Text(text)) => {
            Roots::from_pem(text.expose().as_bytes(), "leader_ca_cert").map_err(|error| error.to_string())?
        }
        None => {
            let mut roots = Roots::system();
            roots.extend(others.clone());
            roots
        }
    };
    let mut tls = ClientTls::new(Trust::Roots(roots));
    if let Some((certificate, key)) = &target.client {
        tls.identity = Some(ReloadableIdentity::fixed(identity(certificate, key)?));
    }
    tls.server_name.clone_from(&target.server_name);
    tls.alpn = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

fn identity(certificate: &Pem, key: &Pem) -> Result<Identity, String> {
    let read = |pem: &Pem, setting: &'static str| match pem {
        Pem::File(path) => with_file_access(|| std::fs::read(path))
            .map(|bytes| (Arc::new(zeroize::Zeroizing::new(bytes)), PemSource::File(path.clone())))
            .map_err(|error| format!("{setting}: {} cannot be read: {error}", path.display())),
        Pem::Text(text) => {
            Ok((Arc::new(zeroize::Zeroizing::new(text.expose().as_bytes().to_vec())), PemSource::Inline(setting)))
        }
    };
    let (certificate, certificate_from) = read(certificate, "leader_client_cert")?;
    let (key, key_from) = read(key, "leader_client_key")?;
    Identity::from_pem(&certificate, certificate_from, &key, key_from).map_err(|error| error.to_string())
}

/// Why a handshake failed, and which setting to change.
pub(super) fn in_words(error: &std::io::Error, target: &JoinTarget) -> String {
    let Some(cause) = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>()) else {
        return format!("the TLS handshake was broken off: {error}");
    };
    let advice = match cause {
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            match &target.ca {
                Some(_) => {
                    "name the CA that signed it in leader_ca_cert_file (\"operator raft join -leader-ca-cert=@FILE\")"
                }
                None => {
                    "install its CA in the system's store, or name it in leader_ca_cert_file (\"operator raft join \
                     -leader-ca-cert=@FILE\")"
                }
            }
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => {
            "name it by a name that the certificate bears: in leader_api_addr, or beside it in leader_tls_servername; \
             or have the certificate made out to this name (subjectAltName)"
        }
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "renew that node's certificate (tls_cert_file of its listener)"
        }
        Error::InvalidCertificate(
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. },
        ) => "make that node's certificate with extendedKeyUsage = serverAuth, clientAuth",
        Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::UnknownCA | AlertDescription::BadCertificate,
        ) => {
            "that node's listener asks for client certificates: give one of a CA that it trusts in \
             leader_client_cert_file and leader_client_key_file"
        }
        Error::InvalidMessage(_) => "if that node's listener has tls_disable, write http:// instead of https://",
        _ => return explain(cause),
    };
    format!("{}: {advice}", explain(cause))
}
