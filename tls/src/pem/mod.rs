//! Certificates and keys in PEM, with errors that name where they came from and what is wrong.

mod read;
mod source;

pub(crate) use read::{certificates, private_key};
pub use source::PemSource;
pub(crate) use source::read_source;

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {problem}")]
pub struct PemError {
    /// The file, or the setting that held the PEM text.
    pub origin: PemSource,
    /// What is wrong with it.
    pub problem: PemProblem,
}

impl PemError {
    pub(crate) fn new(origin: &PemSource, problem: PemProblem) -> Self {
        Self { origin: origin.clone(), problem }
    }
}

/// What is wrong with a certificate or key.
#[derive(Debug, thiserror::Error)]
pub enum PemProblem {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// A folder, socket or device.
    #[error("is not a regular file")]
    NotAFile,
    /// More bytes than any certificate file has.
    #[error("is larger than {max} bytes, which no certificate or key file is")]
    TooLarge {
        /// The limit in bytes.
        max: u64,
    },
    /// No bytes but white space.
    #[error("is empty")]
    Empty,
    /// The bare DER form.
    #[error("is DER, not PEM: convert it with `openssl x509 -inform der` or `openssl pkey -inform der`")]
    Der,
    /// No `-----BEGIN` line.
    #[error("holds no PEM block (no \"-----BEGIN ...\" line)")]
    NotPem,
    /// PEM blocks, but not of the wanted kind.
    #[error("holds no {wanted}, only: {found}")]
    WrongType {
        /// What was looked for.
        wanted: &'static str,
        /// The labels of the blocks that are there.
        found: String,
    },
    /// A block that does not decode.
    #[error("has a damaged PEM block: {0}")]
    Damaged(String),
    /// A password would be needed.
    #[error(
        "holds an encrypted private key, and a server has nobody to ask for its password: decrypt it with `openssl pkey -in FILE -out FILE`"
    )]
    EncryptedKey,
    /// More than one key.
    #[error("holds {0} private keys: keep only the one that belongs to the certificate")]
    SeveralKeys(usize),
    /// Not an X.509 certificate.
    #[error("certificate {number} in it is malformed: {reason}")]
    MalformedCertificate {
        /// Its place in the file, from 1.
        number: usize,
        /// The parser's reason.
        reason: String,
    },
    /// A key that this build cannot sign with.
    #[error(
        "holds a private key that cannot be used ({0}): use RSA of 2048 to 8192 bits, ECDSA P-256 or P-384, or Ed25519"
    )]
    UnusableKey(String),
}
