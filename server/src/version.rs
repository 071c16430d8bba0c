//! What this build calls itself.

/// This build's own version.
pub const OWN: &str = env!("CARGO_PKG_VERSION");
/// The level of Vault's API that is kept to.
pub const VAULT_API: &str = "1.19.0";

/// What `coffer version` prints.
pub fn text() -> String {
    format!(
        "Coffer v{OWN} (Vault API {VAULT_API}), built {}, TLS by {}",
        crate::assemble::BUILD_DATE,
        coffer_tls::PROVIDER_NAME
    )
}
