//! `tls_cipher_suites`: a choice among TLS 1.2 suites by their IANA names, as in Vault. TLS 1.3 suites cannot be chosen.

use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, SupportedCipherSuite};

/// The TLS 1.2 suites that a listener may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CipherSuites {
    allowed: Vec<CipherSuite>,
    /// Names that Vault knows and no build of coffer offers, to be named in a warning.
    pub not_offered: Vec<String>,
}

impl CipherSuites {
    /// Reads a comma-separated list of names.
    ///
    /// # Errors
    /// A name is unknown, or no suite is left to offer.
    pub fn parse(list: &str) -> Result<Self, SuitesError> {
        let mut suites = Self { allowed: Vec::new(), not_offered: Vec::new() };
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if let Some((_, suite)) = OFFERED.iter().find(|(known, _)| *known == name) {
                suites.allowed.push(*suite);
            } else if KNOWN_TO_VAULT.contains(&name) {
                suites.not_offered.push(name.to_owned());
            } else if !TLS13.contains(&name) {
                return Err(SuitesError::Unknown(name.to_owned()));
            }
        }
        if suites.allowed.is_empty() {
            return Err(SuitesError::NoneLeft(list.to_owned()));
        }
        Ok(suites)
    }

    /// The provider without the TLS 1.2 suites that were not chosen.
    pub(crate) fn restrict(&self, provider: &CryptoProvider) -> CryptoProvider {
        let mut restricted = provider.clone();
        restricted.cipher_suites.retain(|suite| match suite {
            SupportedCipherSuite::Tls12(tls12) => self.allowed.contains(&tls12.common.suite),
            SupportedCipherSuite::Tls13(_) => true,
        });
        restricted
    }
}

/// The list of suites cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuitesError {
    /// No such suite.
    #[error("{0:?} is not a TLS cipher suite")]
    Unknown(String),
    /// Nothing in the list is offered.
    #[error(
        "none of the TLS 1.2 cipher suites in {0:?} is offered: name at least one ECDHE suite with GCM or CHACHA20"
    )]
    NoneLeft(String),
}

const OFFERED: &[(&str, CipherSuite)] = &[
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// Suites without forward secrecy or with CBC or RC4.
const KNOWN_TO_VAULT: &[&str] = &[
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
];

const TLS13: &[&str] = &["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_chosen_suites_and_names_the_others() {
        let suites =
            CipherSuites::parse("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA").unwrap();
        assert_eq!(suites.not_offered, ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"]);
        let provider = suites.restrict(&crate::provider());
        let tls12: Vec<_> = provider.cipher_suites.iter().filter(|s| s.tls13().is_none()).map(|s| s.suite()).collect();
        assert_eq!(tls12, [CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]);
        assert!(provider.cipher_suites.iter().any(|s| s.tls13().is_some()));
    }

    #[test]
    fn a_typo_or_an_empty_choice_is_refused() {
        assert_eq!(
            CipherSuites::parse("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA38"),
            Err(SuitesError::Unknown("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA38".into()))
        );
        assert!(matches!(CipherSuites::parse("TLS_RSA_WITH_RC4_128_SHA"), Err(SuitesError::NoneLeft(_))));
    }
}
