//! The certificate authorities that a peer may be vouched for by.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;

use crate::pem::{self, PemError, PemProblem, PemSource};

/// A set of trusted CA certificates.
#[derive(Debug, Clone)]
pub struct Roots {
    pub(crate) store: RootCertStore,
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// How many of them the system's store gave.
    of_system: usize,
}

impl Default for Roots {
    fn default() -> Self {
        Self { store: RootCertStore::empty(), certificates: Vec::new(), of_system: 0 }
    }
}

impl Roots {
    /// The system's trusted CAs (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured). What cannot be read is left out
    /// and logged.
    pub fn system() -> Self {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::debug!(%error, "a system CA certificate was left out");
        }
        let mut roots = Self::default();
        for certificate in found.certs {
            if roots.store.add(certificate.clone()).is_ok() {
                roots.certificates.push(certificate);
            }
        }
        roots.of_system = roots.certificates.len();
        roots
    }

    /// The CAs of one PEM file.
    ///
    /// # Errors
    /// The file holds no usable certificate, or one that is malformed.
    pub fn from_file(path: &Path) -> Result<Self, PemError> {
        let mut roots = Self::default();
        roots.add_file(path)?;
        Ok(roots)
    }

    /// The CAs of all files right below a folder; files without certificates are passed over.
    ///
    /// # Errors
    /// The folder cannot be read, or none of its files holds a certificate.
    pub fn from_dir(path: &Path) -> Result<Self, PemError> {
        let origin = PemSource::File(path.to_owned());
        let unreadable = |error| PemError::new(&origin, PemProblem::Unreadable(error));
        let mut files = Vec::<PathBuf>::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            files.push(entry.map_err(unreadable)?.path());
        }
        files.sort();
        let mut roots = Self::default();
        for file in files.iter().filter(|file| file.is_file()) {
            if let Err(error) = roots.add_file(file) {
                tracing::debug!(%error, "a file of the CA folder was left out");
            }
        }
        if roots.is_empty() {
            return Err(PemError::new(&origin, PemProblem::NotPem));
        }
        Ok(roots)
    }

    /// The CAs of a PEM text that a setting holds.
    ///
    /// # Errors
    /// The text holds no usable certificate, or one that is malformed.
    pub fn from_pem(text: &[u8], setting: &'static str) -> Result<Self, PemError> {
        let mut roots = Self::default();
        roots.add_pem(text, &PemSource::Inline(setting))?;
        Ok(roots)
    }

    /// Trusts another set too.
    pub fn extend(&mut self, mut other: Self) {
        self.store.extend(other.store.roots);
        // The system's stay in front.
        let own = other.certificates.split_off(other.of_system);
        self.certificates.splice(self.of_system..self.of_system, other.certificates);
        self.certificates.extend(own);
        self.of_system += other.of_system;
    }

    /// Whether nothing is trusted.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// How many CAs are trusted.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// In words: the subjects of the first `most`, and how many more there are. The system's store is told by its size: its
    /// names would say nothing, being everybody's.
    pub(crate) fn names(&self, most: usize) -> String {
        let subject = |der: &CertificateDer<'_>| {
            x509_parser::parse_x509_certificate(der).ok().map(|(_, parsed)| parsed.subject().to_string())
        };
        let own = self.certificates.get(self.of_system..).unwrap_or_default();
        let mut names: Vec<_> = own.iter().filter_map(subject).take(most).collect();
        if own.len() > most {
            names.push(format!("and {} more", own.len() - most));
        }
        if self.of_system > 0 {
            names.push(format!("the {} CAs of the system's store", self.of_system));
        }
        if names.is_empty() { "none".to_owned() } else { names.join("; ") }
    }

    /// The store that rustls' verifiers take.
    pub fn store(&self) -> &RootCertStore {
        &self.store
    }

    fn add_file(&mut self, path: &Path) -> Result<(), PemError> {
        let text = pem::read_source(path)?;
        self.add_pem(&text, &PemSource::File(path.to_owned()))
    }

    fn add_pem(&mut self, text: &[u8], origin: &PemSource) -> Result<(), PemError> {
        for (index, certificate) in pem::certificates(text, origin)?.into_iter().enumerate() {
            self.store.add(certificate.clone()).map_err(|error| {
                let reason = crate::explain(&error);
                PemError::new(origin, PemProblem::MalformedCertificate { number: index + 1, reason })
            })?;
            self.certificates.push(certificate);
        }
        Ok(())
    }
}
