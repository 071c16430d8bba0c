//! TLS between nodes: version 1.3, a certificate on both sides.
//!
//! The handshake proves that each side holds the key of the certificate it shows. Whether that certificate is good is
//! judged right after it, with [`PeerCertificate::check`], on both sides alike: so the one that refuses can tell the
//! other in words, over the connection, before anything else is said on it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::danger::ServerCertVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::explain::{explain, made_out_to};
use crate::identity::Facts;
use crate::{ReloadableIdentity, Roots, provider, verify};

/// How a node speaks TLS with the others.
#[derive(Debug, Clone)]
pub struct PeerTls {
    /// What it shows, to those it dials and to those that dial it.
    pub identity: Arc<ReloadableIdentity>,
    /// The protocols it accepts, for [`PeerTls::server`].
    pub alpn: Vec<Vec<u8>>,
}

impl PeerTls {
    /// For accepting. The peer's certificate is not judged yet: see the module's head.
    ///
    /// # Errors
    /// rustls refuses the combination.
    pub fn server(&self) -> Result<Arc<ServerConfig>, Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(JudgedLater))
            .with_cert_resolver(Arc::clone(&self.identity) as _);
        config.alpn_protocols.clone_from(&self.alpn);
        // A resumed session would keep a certificate in use that has been replaced.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// For dialling under one protocol. The peer's certificate is not judged yet.
    ///
    /// # Errors
    /// rustls refuses the combination.
    pub fn client(&self, protocol: &[u8]) -> Result<Arc<ClientConfig>, Error> {
        let provider = provider();
        let judged_later = verify::any_certificate(&provider);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(judged_later)
            .with_client_cert_resolver(Arc::clone(&self.identity) as _);
        config.alpn_protocols = vec![protocol.to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Arc::new(config))
    }
}

/// What the other side of a handshake showed.
#[derive(Debug, Clone)]
pub struct PeerCertificate {
    chain: Vec<CertificateDer<'static>>,
    facts: Facts,
}

/// How a certificate that is out of its time is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutOfTime {
    /// As a fault.
    Refused,
    /// As if it were still, or already, valid: something else vouches for the peer.
    Tolerated,
}

/// Why a peer's certificate is not accepted: what was wanted, and what was offered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// None was shown.
    #[error("no certificate was shown; wanted: one with serverAuth and clientAuth from a trusted CA")]
    Missing,
    /// It can't be read.
    #[error("the certificate cannot be read: {0}")]
    Malformed(String),
    /// An extended key usage is not there.
    #[error(
        "the certificate {subject}: extendedKeyUsage lacks {missing}; wanted: serverAuth and clientAuth, offered: {offered}"
    )]
    Usage {
        /// Whose it is.
        subject: String,
        /// `clientAuth`, `serverAuth` or both.
        missing: &'static str,
        /// What is there.
        offered: &'static str,
    },
    /// No trusted CA signed it.
    #[error(
        "the certificate {subject} is signed by an authority that is not trusted; wanted: one of {trusted}, offered: {issuer}"
    )]
    Untrusted {
        /// Whose it is.
        subject: String,
        /// Who signed it.
        issuer: String,
        /// The names of those that are trusted.
        trusted: String,
    },
    /// It is made out to others.
    #[error(
        "the certificate {subject} is not made out to the address it is reached at; wanted in its subjectAltName: {wanted}, offered: {offered}"
    )]
    Name {
        /// Whose it is.
        subject: String,
        /// The host that was dialled.
        wanted: String,
        /// The names in it.
        offered: String,
    },
    /// Its time is over.
    #[error("the certificate {subject} expired {} ago; wanted: a valid one", days(*.since))]
    Expired {
        /// Whose it is.
        subject: String,
        /// For how long.
        since: Duration,
    },
    /// Its time has not begun.
    #[error("the certificate {subject} becomes valid only in {} (are both clocks right?); wanted: a valid one", days(*.ahead))]
    NotYet {
        /// Whose it is.
        subject: String,
        /// When.
        ahead: Duration,
    },
    /// Anything else.
    #[error("the certificate {subject} is not accepted: {reason}")]
    Other {
        /// Whose it is.
        subject: String,
        /// The verifier's words.
        reason: String,
    },
}

impl PeerCertificate {
    /// Reads the chain that the other side showed.
    ///
    /// # Errors
    /// There is none, or it is malformed.
    pub fn read(chain: Option<&[CertificateDer<'static>]>) -> Result<Self, CertificateFault> {
        let chain = chain.unwrap_or_default().to_vec();
        let first = chain.first().ok_or(CertificateFault::Missing)?;
        let (_, parsed) = x509_parser::parse_x509_certificate(first)
            .map_err(|error| CertificateFault::Malformed(error.to_string()))?;
        let facts = Facts::of(&parsed);
        Ok(Self { chain, facts })
    }

    /// Its subject's name.
    pub fn subject(&self) -> &str {
        &self.facts.subject
    }

    /// When its time is over.
    pub fn not_after(&self) -> SystemTime {
        self.facts.not_after
    }

    /// The public key it is made out for, where that is one of a node's kind.
    pub fn node_key(&self) -> Option<Vec<u8>> {
        self.chain.first().and_then(|first| crate::certified_node_key(first))
    }

    /// Both usages, time, chain and (where given) the name.
    ///
    /// # Errors
    /// The first that is not as wanted.
    pub fn check(
        &self,
        roots: &Roots,
        name: Option<&str>,
        now: SystemTime,
        out_of_time: OutOfTime,
    ) -> Result<(), CertificateFault> {
        self.check_usage()?;
        if out_of_time == OutOfTime::Refused {
            self.check_time(now)?;
        }
        let at = match out_of_time {
            OutOfTime::Refused => now,
            OutOfTime::Tolerated => self.moment_of_validity(now),
        };
        self.check_chain(roots, unix(at))?;
        name.map_or(Ok(()), |name| self.check_name(name))
    }

    /// Whether now lies within its time.
    ///
    /// # Errors
    /// It does not.
    pub fn check_time(&self, now: SystemTime) -> Result<(), CertificateFault> {
        let subject = || self.facts.subject.clone();
        if let Ok(since) = now.duration_since(self.facts.not_after) {
            return Err(CertificateFault::Expired { subject: subject(), since });
        }
        match self.facts.not_before.duration_since(now) {
            Ok(ahead) if !ahead.is_zero() => Err(CertificateFault::NotYet { subject: subject(), ahead }),
            _ => Ok(()),
        }
    }

    fn check_usage(&self) -> Result<(), CertificateFault> {
        let usage = self.facts.usage;
        let (missing, offered) = match (usage.server_auth, usage.client_auth) {
            (true, true) => return Ok(()),
            (true, false) => ("clientAuth", "serverAuth"),
            (false, true) => ("serverAuth", "clientAuth"),
            (false, false) => ("serverAuth and clientAuth", "neither"),
        };
        Err(CertificateFault::Usage { subject: self.facts.subject.clone(), missing, offered })
    }

    fn check_chain(&self, roots: &Roots, at: UnixTime) -> Result<(), CertificateFault> {
        let subject = self.facts.subject.clone();
        let Some((first, rest)) = self.chain.split_first() else { return Err(CertificateFault::Missing) };
        if roots.is_empty() {
            return Err(self.untrusted(roots));
        }
        // One that is trusted itself needs no issuer; openssl makes such ones in one command.
        if roots.certificates.contains(first) {
            return Ok(());
        }
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots.store.clone()), provider()).build().map_err(
                |error| CertificateFault::Other { subject: subject.clone(), reason: format!("trusted CA: {error}") },
            )?;
        match verifier.verify_client_cert(first, rest, at) {
            Ok(_) => Ok(()),
            Err(Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)) => Err(self.untrusted(roots)),
            // A CA that was made anew under its old name.
            Err(Error::InvalidCertificate(rustls::CertificateError::BadSignature)) => {
                let issuer = format!("{} (another key under the same name)", self.facts.issuer);
                Err(CertificateFault::Untrusted { subject, issuer, trusted: roots.names(3) })
            }
            Err(error) => Err(CertificateFault::Other { subject, reason: explain(&error) }),
        }
    }

    fn untrusted(&self, roots: &Roots) -> CertificateFault {
        CertificateFault::Untrusted {
            subject: self.facts.subject.clone(),
            issuer: self.facts.issuer.clone(),
            trusted: roots.names(3),
        }
    }

    fn check_name(&self, wanted: &str) -> Result<(), CertificateFault> {
        let bare = wanted.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(wanted);
        let is_named = self.chain.first().is_some_and(|first| {
            ServerName::try_from(bare.to_owned()).is_ok_and(|name| {
                ParsedCertificate::try_from(first)
                    .is_ok_and(|parsed| rustls::client::verify_server_name(&parsed, &name).is_ok())
            })
        });
        if is_named {
            return Ok(());
        }
        let offered = made_out_to(self.facts.names.iter().map(String::as_str));
        let subject = self.facts.subject.clone();
        Err(CertificateFault::Name { subject, wanted: bare.to_owned(), offered })
    }

    /// The moment nearest to now at which everything shown was valid.
    fn moment_of_validity(&self, now: SystemTime) -> SystemTime {
        let second = Duration::from_secs(1);
        let mut at = now;
        let parsed = self.chain.iter().filter_map(|der| x509_parser::parse_x509_certificate(der).ok());
        for (_, certificate) in parsed {
            let facts = Facts::of(&certificate);
            if at >= facts.not_after {
                at = facts.not_after.checked_sub(second).unwrap_or(UNIX_EPOCH);
            } else if at < facts.not_before {
                at = facts.not_before;
            }
        }
        at
    }
}

fn unix(at: SystemTime) -> UnixTime {
    UnixTime::since_unix_epoch(at.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn days(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} minutes", seconds / 60),
        seconds @ 7200..172_800 => format!("{} hours", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Asks for a certificate and checks that the peer holds its key; the rest is judged after the handshake.
#[derive(Debug)]
struct JudgedLater;

impl ClientCertVerifier for JudgedLater {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        key_holder().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        key_holder().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        key_holder().supported_verify_schemes()
    }
}

fn key_holder() -> Arc<dyn ServerCertVerifier> {
    verify::any_certificate(&provider())
}
