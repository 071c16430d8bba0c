//! Policies: stored at `sys/policy/NAME` in Vault's JSON, and what a set of them allows, compiled and kept.

mod compiled;
mod record;

pub use compiled::{NoIdentity, Policies};
pub use record::PolicyRecord;

/// The policy that every token gets, as `init` writes it.
pub const DEFAULT_POLICY: &str = include_str!("default.hcl");

/// The policy of wrapping tokens, always the same.
pub const RESPONSE_WRAPPING_POLICY: &str = r#"
path "cubbyhole/response" {
    capabilities = ["create", "read"]
}

path "sys/wrapping/unwrap" {
    capabilities = ["update"]
}
"#;

/// Names that can't be written or removed.
pub const IMMUTABLE: &[&str] = &["root", "response-wrapping"];

/// Where policies are stored.
pub const STORAGE_PREFIX: &str = "sys/policy/";
