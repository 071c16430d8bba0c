//! A certificate chain with its private key, checked against each other.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{GeneralName, ParsedExtension, X509Certificate};

use crate::pem::{self, PemError, PemProblem, PemSource};
use crate::provider;

/// A certificate chain, the private key of its first certificate, and what that certificate says of itself.
pub struct Identity {
    key: Arc<CertifiedKey>,
    subject: String,
    names: Vec<String>,
    usage: Usage,
    not_before: SystemTime,
    not_after: SystemTime,
}

/// What a certificate may be used for. A certificate without the extended key usage extension may be used for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// TLS Web Server Authentication.
    pub server_auth: bool,
    /// TLS Web Client Authentication.
    pub client_auth: bool,
}

/// How a certificate stands to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Its time has not begun.
    NotYet {
        /// When it begins.
        from: SystemTime,
    },
    /// It can be used.
    Valid {
        /// How long it still can be.
        left: Duration,
    },
    /// Its time is over.
    Expired {
        /// How long it has been.
        since: Duration,
    },
}

/// A certificate and key that do not make an identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// One of the two cannot be used.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The key is another certificate's.
    #[error("the private key in {key} does not belong to the certificate in {certificate}")]
    Mismatch {
        /// Where the certificate came from.
        certificate: PemSource,
        /// Where the key came from.
        key: PemSource,
    },
    /// The key is that of a later certificate in the file.
    #[error(
        "the private key in {key} belongs to certificate {number} in {certificate}, not to the first: \
         put the server's own certificate first and its issuers after it"
    )]
    WrongOrder {
        /// Where the certificates came from.
        certificate: PemSource,
        /// Where the key came from.
        key: PemSource,
        /// The place of the matching certificate, from 1.
        number: usize,
    },
}

impl Identity {
    /// Reads a chain (own certificate first) and its key from PEM files; one file may hold both.
    ///
    /// # Errors
    /// A file cannot be used, or the key is not the certificate's.
    pub fn from_files(certificate: &std::path::Path, key: &std::path::Path) -> Result<Self, IdentityError> {
        let chain = pem::read_source(certificate)?;
        // Told before a key that cannot be read: the certificate is what the reader thinks of first.
        pem::certificates(&chain, &PemSource::File(certificate.into()))?;
        let key_text = pem::read_source(key)?;
        Self::from_pem(&chain, PemSource::File(certificate.into()), &key_text, PemSource::File(key.into()))
    }

    /// As [`Identity::from_files`], from text. The sources are named in errors.
    ///
    /// # Errors
    /// The text cannot be used, or the key is not the certificate's.
    pub fn from_pem(
        chain: &[u8],
        chain_source: PemSource,
        key: &[u8],
        key_source: PemSource,
    ) -> Result<Self, IdentityError> {
        let chain = pem::certificates(chain, &chain_source)?;
        let key = pem::private_key(key, &key_source)?;
        Self::from_der(chain, chain_source, key, key_source)
    }

    fn from_der(
        chain: Vec<CertificateDer<'static>>,
        chain_source: PemSource,
        key: PrivateKeyDer<'static>,
        key_source: PemSource,
    ) -> Result<Self, IdentityError> {
        let unusable =
            |error: &rustls::Error| PemError::new(&key_source, PemProblem::UnusableKey(crate::explain(error)));
        let key = provider().key_provider.load_private_key(key).map_err(|error| unusable(&error))?;
        let malformed =
            |reason: String| PemError::new(&chain_source, PemProblem::MalformedCertificate { number: 1, reason });
        let first = chain.first().ok_or_else(|| PemError::new(&chain_source, PemProblem::Empty))?;
        let (_, parsed) = x509_parser::parse_x509_certificate(first).map_err(|error| malformed(error.to_string()))?;
        let facts = Facts::of(&parsed);

        if let Some(public) = key.public_key() {
            let belongs = |certificate: &CertificateDer<'_>| {
                x509_parser::parse_x509_certificate(certificate)
                    .is_ok_and(|(_, parsed)| parsed.tbs_certificate.subject_pki.raw == public.as_ref())
            };
            match chain.iter().position(belongs) {
                Some(0) => {}
                Some(index) => {
                    let number = index + 1;
                    return Err(IdentityError::WrongOrder { certificate: chain_source, key: key_source, number });
                }
                None => {
                    return Err(IdentityError::Mismatch { certificate: chain_source, key: key_source });
                }
            }
        }
        let Facts { subject, names, usage, not_before, not_after, .. } = facts;
        let key = Arc::new(CertifiedKey::new(chain, key));
        Ok(Self { key, subject, names, usage, not_before, not_after })
    }

    /// What rustls signs with.
    pub fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    /// The certificates, own first, in DER.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }

    /// The subject's distinguished name.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// DNS names and addresses that the certificate is made out to.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What the certificate may be used for.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// When its time is over.
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// How the certificate stands to `now`.
    pub fn validity(&self, now: SystemTime) -> Validity {
        if now < self.not_before {
            return Validity::NotYet { from: self.not_before };
        }
        match self.not_after.duration_since(now) {
            Ok(left) => Validity::Valid { left },
            Err(passed) => Validity::Expired { since: passed.duration() },
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("subject", &self.subject).field("names", &self.names).finish_non_exhaustive()
    }
}

/// What a certificate says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) names: Vec<String>,
    pub(crate) usage: Usage,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

impl Facts {
    pub(crate) fn of(certificate: &X509Certificate<'_>) -> Self {
        let mut names = Vec::new();
        let mut usage = Usage { server_auth: true, client_auth: true };
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(alternative) => {
                    names.extend(alternative.general_names.iter().filter_map(name_text));
                }
                ParsedExtension::ExtendedKeyUsage(extended) => {
                    usage.server_auth = extended.any || extended.server_auth;
                    usage.client_auth = extended.any || extended.client_auth;
                }
                _ => {}
            }
        }
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            names,
            usage,
            not_before: from_unix(certificate.validity().not_before.timestamp()),
            not_after: from_unix(certificate.validity().not_after.timestamp()),
        }
    }
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|octets| std::net::IpAddr::from(octets).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|octets| std::net::IpAddr::from(octets).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn from_unix(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moment = if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    moment.unwrap_or(UNIX_EPOCH)
}

/// The files of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityFiles {
    /// The chain, own certificate first.
    pub certificate: PathBuf,
    /// The private key of the first certificate.
    pub key: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::testing::{self, Pair};

    const CERT: PemSource = PemSource::Inline("cert");
    const KEY: PemSource = PemSource::Inline("key");

    fn load(cert: &str, key: &str) -> Result<Identity, IdentityError> {
        Identity::from_pem(cert.as_bytes(), CERT, key.as_bytes(), KEY)
    }

    #[test]
    fn tells_what_the_certificate_says() {
        let Pair { chain, key } = testing::leaf(&["localhost", "127.0.0.1", "::1"]);
        let identity = load(&chain, &key).unwrap();
        assert_eq!(identity.names(), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(identity.usage(), Usage { server_auth: true, client_auth: true });
        assert!(matches!(identity.validity(SystemTime::now()), Validity::Valid { .. }));
        let later = SystemTime::now() + Duration::from_secs(60 * 86400 * 365);
        assert!(matches!(identity.validity(later), Validity::Expired { .. }));
        assert!(matches!(identity.validity(UNIX_EPOCH), Validity::NotYet { .. }));
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (a, b) = (testing::leaf(&["a"]), testing::leaf(&["b"]));
        let error = load(&a.chain, &b.key).unwrap_err();
        assert_eq!(error.to_string(), "the private key in key does not belong to the certificate in cert");
    }

    #[test]
    fn a_chain_in_the_wrong_order_is_explained() {
        let (a, b) = (testing::leaf(&["a"]), testing::leaf(&["b"]));
        let chain = format!("{}{}", b.chain, a.chain);
        let position = chain.matches("BEGIN").count() - a.chain.matches("BEGIN").count() + 1;
        match load(&chain, &a.key).unwrap_err() {
            IdentityError::WrongOrder { number, .. } => assert_eq!(number, position),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let Pair { chain, key } = testing::leaf(&["a"]);
        let shown = format!("{:?}", load(&chain, &key).unwrap());
        assert!(shown.contains("names"), "{shown}");
        assert!(!shown.contains("PRIVATE") && !shown.contains("key"), "{shown}");
    }
}
