//! The key by which a node is known to the others, whatever certificate it shows.

use std::fmt;
use std::time::Duration;

use rustls::SignatureScheme;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateSec1KeyDer, alg_id};
use zeroize::Zeroizing;

use crate::issue::{IssueError, LeafRequest, P256Key, self_signed};
use crate::{Identity, IdentityError, PemSource, provider};

/// Bytes of a [`NodeKey::public_key`]: an uncompressed point of P-256.
pub const NODE_PUBLIC_KEY_LEN: usize = 65;

/// A signing key on P-256 that a node makes once and keeps with its data.
pub struct NodeKey {
    key: P256Key,
}

/// A node key that can't be had.
#[derive(Debug, thiserror::Error)]
pub enum NodeKeyError {
    /// It can't be made, or can't sign.
    #[error(transparent)]
    Key(#[from] IssueError),
    /// What was kept is no key of a node.
    #[error("it holds no private key of a node (PEM, \"EC PRIVATE KEY\", P-256)")]
    Malformed,
    /// The certificate made for it can't be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl NodeKey {
    /// Makes a new one.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate() -> Result<Self, NodeKeyError> {
        Ok(Self { key: P256Key::generate()? })
    }

    /// Reads what [`NodeKey::to_pem`] wrote.
    ///
    /// # Errors
    /// It is something else.
    pub fn from_pem(text: &[u8]) -> Result<Self, NodeKeyError> {
        let der = PrivateSec1KeyDer::from_pem_slice(text).map_err(|_| NodeKeyError::Malformed)?;
        let key = P256Key::from_sec1(der.secret_sec1_der()).ok_or(NodeKeyError::Malformed)?;
        Ok(Self { key })
    }

    /// The private key, in PEM.
    pub fn to_pem(&self) -> Zeroizing<String> {
        self.key.to_pem()
    }

    /// The public half, [`NODE_PUBLIC_KEY_LEN`] bytes.
    pub fn public_key(&self) -> &[u8] {
        self.key.point()
    }

    /// Signs a message (ECDSA with SHA-256).
    ///
    /// # Errors
    /// The provider refuses.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NodeKeyError> {
        rcgen::SigningKey::sign(&self.key, message).map_err(|error| IssueError::from(error).into())
    }

    /// A certificate for this key, signed by itself: what a cluster shows that has no certificates of its own. The
    /// names are for people; who believes the key needs no CA.
    ///
    /// # Errors
    /// A name cannot be encoded.
    pub fn identity(
        &self,
        common_name: &str,
        names: Vec<String>,
        lifetime: Duration,
    ) -> Result<Identity, NodeKeyError> {
        let request = LeafRequest { common_name: common_name.to_owned(), names, lifetime };
        let certificate = self_signed(&self.key, &request)?;
        let source = PemSource::Inline("the node's own certificate");
        Ok(Identity::from_pem(certificate.as_bytes(), source.clone(), self.to_pem().as_bytes(), source)?)
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeKey").finish_non_exhaustive()
    }
}

/// Whether the holder of the private half of `public_key` signed `message`.
pub fn verify_node_signature(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let provider = provider();
    let known = provider.signature_verification_algorithms.mapping.iter();
    known.filter(|(scheme, _)| *scheme == SignatureScheme::ECDSA_NISTP256_SHA256).any(|(_, algorithms)| {
        let on_p256 = algorithms.iter().find(|algorithm| algorithm.public_key_alg_id() == alg_id::ECDSA_P256);
        on_p256.is_some_and(|algorithm| algorithm.verify_signature(public_key, message, signature).is_ok())
    })
}

/// The public key that a certificate is made out for, if it is one of a node's kind.
pub fn certified_node_key(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let point = parsed.tbs_certificate.subject_pki.subject_public_key.data.to_vec();
    (point.len() == NODE_PUBLIC_KEY_LEN).then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_text_and_vouches_for_messages() {
        let key = NodeKey::generate().unwrap();
        let again = NodeKey::from_pem(key.to_pem().as_bytes()).unwrap();
        assert_eq!(key.public_key(), again.public_key());
        let signature = again.sign(b"message").unwrap();
        assert!(verify_node_signature(key.public_key(), b"message", &signature));
        assert!(!verify_node_signature(key.public_key(), b"another", &signature));
        let other = NodeKey::generate().unwrap();
        assert!(!verify_node_signature(other.public_key(), b"message", &signature));
    }

    #[test]
    fn other_texts_are_no_key() {
        for text in ["", "hello", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"] {
            assert!(matches!(NodeKey::from_pem(text.as_bytes()), Err(NodeKeyError::Malformed)), "{text}");
        }
        for bytes in [&b""[..], &[4; 65], &[0xff; 7]] {
            assert!(!verify_node_signature(bytes, b"message", bytes));
        }
    }

    #[test]
    fn its_certificate_is_made_out_for_it() {
        let key = NodeKey::generate().unwrap();
        let identity = key.identity("node", vec!["127.0.0.1".into()], Duration::from_secs(60)).unwrap();
        assert_eq!(certified_node_key(&identity.chain()[0]).unwrap(), key.public_key());
    }
}
