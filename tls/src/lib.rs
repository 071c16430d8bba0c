//! TLS for every part of coffer: the choice of cryptography provider, certificates and keys read from PEM with errors
//! that name the file and the problem, server and client configurations, and certificates that are replaced while
//! connections stay up.
//!
//! This crate knows nothing of Vault, HTTP or Raft, and opens no socket.
//!
//! Exactly one cargo feature chooses the provider: `aws-lc-rs` (the default) or `pure-rust` (graviola: no C compiler).
//! A build with both or neither does not compile, since which one was meant could not be told from the binary.

#[cfg(all(feature = "aws-lc-rs", feature = "pure-rust"))]
compile_error!(
    "features `aws-lc-rs` and `pure-rust` exclude each other: add --no-default-features to have `pure-rust`"
);
#[cfg(not(any(feature = "aws-lc-rs", feature = "pure-rust")))]
compile_error!("choose the cryptography provider: feature `aws-lc-rs` (default) or `pure-rust`");

mod client;
mod explain;
mod identity;
mod issue;
mod node_key;
mod peer;
mod pem;
#[cfg(any(feature = "aws-lc-rs", feature = "pure-rust"))]
mod provider;
mod reload;
mod reload_roots;
mod roots;
mod server;
mod suites;
mod verify;
mod versions;

pub use client::{ClientTls, ClientTlsError, Trust};
pub use explain::explain;
pub use identity::{Identity, IdentityError, Usage, Validity};
pub use issue::{Authority, IssueError, Issued, LeafRequest};
pub use node_key::{NODE_PUBLIC_KEY_LEN, NodeKey, NodeKeyError, certified_node_key, verify_node_signature};
pub use peer::{CertificateFault, OutOfTime, PeerCertificate, PeerTls};
pub use pem::{PemError, PemProblem, PemSource};
#[cfg(any(feature = "aws-lc-rs", feature = "pure-rust"))]
pub use provider::{PROVIDER_NAME, UnsupportedCpu, check_cpu, provider};
pub use reload::{IdentityFiles, ReloadableIdentity, Reloaded};
pub use reload_roots::ReloadableRoots;
pub use roots::Roots;
pub use server::{ClientAuth, ServerTls, ServerTlsError};
pub use suites::{CipherSuites, SuitesError};
pub use versions::{TlsVersion, UnknownTlsVersion, VersionRange, VersionRangeError};

pub use rustls;
