//! The cryptography that rustls runs on, chosen by cargo feature.

#[cfg(all(feature = "aws-lc-rs", not(feature = "pure-rust")))]
mod aws_lc;
#[cfg(all(feature = "aws-lc-rs", not(feature = "pure-rust")))]
use aws_lc as chosen;

#[cfg(feature = "pure-rust")]
mod graviola;
#[cfg(feature = "pure-rust")]
use graviola as chosen;

use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;
use rustls::server::ProducesTickets;

/// The provider's name, for start-up banners and version output.
pub const PROVIDER_NAME: &str = chosen::NAME;

/// The one provider of this build. It is never installed as a process default: every configuration names it.
///
/// Call [`check_cpu`] before the first use.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(chosen::provider()));
    Arc::clone(&PROVIDER)
}

/// Whether this machine can run the provider. Asked once, at start.
///
/// # Errors
/// The processor lacks instructions that the provider cannot do without.
pub fn check_cpu() -> Result<(), UnsupportedCpu> {
    if chosen::cpu_supported() { Ok(()) } else { Err(UnsupportedCpu) }
}

/// This processor cannot run the provider that the binary was built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this processor lacks instructions that the pure-rust build's cryptography needs \
     (x86-64: adx, avx2, bmi1, bmi2, aes, pclmulqdq, sha or Broadwell and later; aarch64: aes, sha2): \
     use a build with the default features instead"
)]
pub struct UnsupportedCpu;

/// Seals session tickets under keys that only this process has.
pub(crate) fn ticketer() -> Result<Arc<dyn ProducesTickets>, rustls::Error> {
    chosen::ticketer()
}
