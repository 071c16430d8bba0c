//! graviola: Rust and assembly only, on recent processors.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::ProducesTickets;
use rustls::{SignatureScheme, SupportedCipherSuite, Tls12CipherSuite};

pub(super) const NAME: &str = "graviola";

pub(super) fn provider() -> CryptoProvider {
    let mut provider = rustls_graviola::default_provider();
    for suite in &mut provider.cipher_suites {
        *suite = with_ed25519(*suite);
    }
    provider
}

pub(super) fn cpu_supported() -> bool {
    ::graviola::util::is_cpu_supported()
}

pub(super) fn ticketer() -> Result<Arc<dyn ProducesTickets>, rustls::Error> {
    rustls_graviola::Ticketer::new()
}

/// graviola signs with Ed25519, but its TLS 1.2 suites do not list it: an Ed25519 certificate would fail there.
fn with_ed25519(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    let SupportedCipherSuite::Tls12(tls12) = suite else {
        return suite;
    };
    let signs_ecdsa = tls12.sign.contains(&SignatureScheme::ECDSA_NISTP256_SHA256);
    if !signs_ecdsa || tls12.sign.contains(&SignatureScheme::ED25519) {
        return suite;
    }
    let mut sign = tls12.sign.to_vec();
    sign.push(SignatureScheme::ED25519);
    // Leaked once a process: the provider is made once and suites must be 'static.
    SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
        common: rustls::crypto::CipherSuiteCommon {
            suite: tls12.common.suite,
            hash_provider: tls12.common.hash_provider,
            confidentiality_limit: tls12.common.confidentiality_limit,
        },
        prf_provider: tls12.prf_provider,
        kx: tls12.kx,
        sign: Box::leak(sign.into_boxed_slice()),
        aead_alg: tls12.aead_alg,
    })))
}
