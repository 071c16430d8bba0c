//! aws-lc-rs: audited, on any processor, built with a C compiler.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::server::ProducesTickets;

pub(super) const NAME: &str = "aws-lc-rs";

pub(super) fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

pub(super) fn cpu_supported() -> bool {
    true
}

pub(super) fn ticketer() -> Result<Arc<dyn ProducesTickets>, rustls::Error> {
    aws_lc_rs::Ticketer::new()
}
