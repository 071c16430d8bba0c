//! A certificate authority of coffer's own making: for `server -dev-tls` and for clusters without a CA of their own.
//!
//! Keys are ECDSA P-256. They are made and used through the build's provider, so both builds issue alike.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm, SigningKey,
};
use rustls::SignatureScheme;
use rustls_pki_types::{PrivateKeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use crate::{Usage, provider};

/// A CA with its key.
pub struct Authority {
    issuer: Issuer<'static, P256Key>,
    certificate: String,
}

/// What a certificate is to say.
#[derive(Debug, Clone)]
pub struct LeafRequest {
    /// The subject's common name.
    pub common_name: String,
    /// DNS names and IP addresses.
    pub names: Vec<String>,
    /// How long it is valid. It begins an hour ago, for clocks that are behind.
    pub lifetime: Duration,
}

/// A certificate with its key, in PEM.
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The private key (SEC1), wiped when dropped.
    pub key: Zeroizing<String>,
}

/// A certificate that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The system gave no random bytes, or the provider took no key.
    #[error("no key could be made: {0}")]
    Key(String),
    /// A name that no certificate can bear.
    #[error("{0:?} can be neither a DNS name nor an IP address in a certificate")]
    BadName(String),
    /// The certificate could not be encoded or signed.
    #[error("the certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
}

impl Authority {
    /// Makes a CA with a fresh key.
    ///
    /// # Errors
    /// There is no randomness, or the name cannot be encoded.
    pub fn new(common_name: &str, lifetime: Duration) -> Result<Self, IssueError> {
        let key = P256Key::generate()?;
        let mut params = base_params(common_name, lifetime, &key)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate })
    }

    /// The CA's certificate in PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The CA's key in PEM.
    pub fn key(&self) -> Zeroizing<String> {
        self.issuer.key().to_pem()
    }

    /// Makes a certificate for servers and clients, with a fresh key.
    ///
    /// # Errors
    /// A name cannot be encoded, or there is no randomness.
    pub fn issue(&self, request: &LeafRequest) -> Result<Issued, IssueError> {
        self.issue_for(request, Usage { server_auth: true, client_auth: true })
    }

    /// As [`Authority::issue`], for these usages alone.
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn issue_for(&self, request: &LeafRequest, usage: Usage) -> Result<Issued, IssueError> {
        let key = P256Key::generate()?;
        let mut params = leaf_params(request, &key)?;
        params.extended_key_usages.retain(|purpose| match purpose {
            ExtendedKeyUsagePurpose::ServerAuth => usage.server_auth,
            _ => usage.client_auth,
        });
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { certificate, key: key.to_pem() })
    }
}

/// A certificate for servers and clients that its own key signs, in PEM.
pub(crate) fn self_signed(key: &P256Key, request: &LeafRequest) -> Result<String, IssueError> {
    Ok(leaf_params(request, key)?.self_signed(key)?.pem())
}

fn leaf_params(request: &LeafRequest, key: &P256Key) -> Result<CertificateParams, IssueError> {
    let mut params = base_params(&request.common_name, request.lifetime, key)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    for name in &request.names {
        params.subject_alt_names.push(alternative_name(name)?);
    }
    Ok(params)
}

fn base_params(common_name: &str, lifetime: Duration, key: &P256Key) -> Result<CertificateParams, IssueError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    params.not_before = (now - Duration::from_secs(3600)).into();
    params.not_after = (now + lifetime).into();
    let mut serial = random::<16>()?;
    // Positive, and of the same length always.
    serial[0] = (serial[0] & 0x7f) | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial[..]));
    params.key_identifier_method = KeyIdMethod::PreSpecified(key.identifier());
    Ok(params)
}

fn alternative_name(name: &str) -> Result<SanType, IssueError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let plausible = !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'*'));
    let bad = || IssueError::BadName(name.to_owned());
    if !plausible {
        return Err(bad());
    }
    Ok(SanType::DnsName(name.try_into().map_err(|_| bad())?))
}

/// An ECDSA P-256 key that signs through the provider.
pub(crate) struct P256Key {
    sec1: Zeroizing<Vec<u8>>,
    signing: std::sync::Arc<dyn rustls::sign::SigningKey>,
    /// The uncompressed point.
    point: Vec<u8>,
}

const POINT_LEN: usize = 65;

impl P256Key {
    pub(crate) fn generate() -> Result<Self, IssueError> {
        // A scalar outside of the group's order is refused by the provider; it comes once in 2^32.
        for _ in 0..4 {
            let scalar = random::<32>()?;
            if let Ok(key) = Self::from_scalar(&scalar) {
                return Ok(key);
            }
        }
        Err(IssueError::Key("the cryptography provider refuses P-256 keys".into()))
    }

    fn from_scalar(scalar: &[u8; 32]) -> Result<Self, rustls::Error> {
        let load = |sec1: &[u8]| {
            provider().key_provider.load_private_key(PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(sec1.to_vec())))
        };
        let bare = load(&sec1_der(scalar, None))?;
        let point = bare
            .public_key()
            .and_then(|spki| spki.as_ref().last_chunk::<POINT_LEN>().copied())
            .ok_or_else(|| rustls::Error::General("the key has no public half".into()))?;
        // Written with its public half, as other software expects it.
        let sec1 = sec1_der(scalar, Some(&point));
        let signing = load(&sec1)?;
        Ok(Self { sec1, signing, point: point.to_vec() })
    }

    /// Reads what [`P256Key::to_pem`] holds, and nothing else.
    pub(crate) fn from_sec1(der: &[u8]) -> Option<Self> {
        let scalar = Zeroizing::new(*der.get(7..)?.first_chunk::<32>()?);
        let key = Self::from_scalar(&scalar).ok()?;
        (*key.sec1 == der).then_some(key)
    }

    /// The public half.
    pub(crate) fn point(&self) -> &[u8] {
        &self.point
    }

    /// A name for the key, not a secret and not a proof: the first bytes of its point.
    fn identifier(&self) -> Vec<u8> {
        self.point.iter().skip(1).take(20).copied().collect()
    }

    pub(crate) fn to_pem(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(512));
        text.push_str("-----BEGIN EC PRIVATE KEY-----\n");
        base64_lines(&self.sec1, &mut text);
        text.push_str("-----END EC PRIVATE KEY-----\n");
        text
    }
}

impl PublicKeyData for P256Key {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for P256Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signing
            .choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256])
            .and_then(|signer| signer.sign(message).ok())
            .ok_or(rcgen::Error::RemoteKeyError)
    }
}

/// RFC 5915's `ECPrivateKey` on P-256.
fn sec1_der(scalar: &[u8; 32], point: Option<&[u8; POINT_LEN]>) -> Zeroizing<Vec<u8>> {
    const P256_PARAMETERS: [u8; 12] = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let mut der = Zeroizing::new(Vec::with_capacity(128));
    // SEQUENCE of: version 1, 32 octets, parameters, and the point as a bit string if known. Lengths are below 128.
    der.extend([0x30, if point.is_some() { 0x77 } else { 0x31 }, 0x02, 0x01, 0x01, 0x04, 0x20]);
    der.extend(scalar);
    der.extend(P256_PARAMETERS);
    if let Some(point) = point {
        der.extend([0xa1, 0x44, 0x03, 0x42, 0x00]);
        der.extend(point);
    }
    der
}

fn base64_lines(bytes: &[u8], out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for line in bytes.chunks(48) {
        for group in line.chunks(3) {
            let mut word = [0; 3];
            word[..group.len()].copy_from_slice(group);
            let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
            for place in 0..4 {
                let index = (bits >> (18 - 6 * place)) & 0x3f;
                out.push(if place <= group.len() { char::from(ALPHABET[index as usize]) } else { '=' });
            }
        }
        out.push('\n');
    }
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, IssueError> {
    let mut bytes = Zeroizing::new([0; N]);
    provider()
        .secure_random
        .fill(&mut bytes[..])
        .map_err(|_| IssueError::Key("the system gives no random bytes".into()))?;
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    pub(crate) struct Pair {
        pub(crate) chain: String,
        pub(crate) key: String,
    }

    pub(crate) fn leaf(names: &[&str]) -> Pair {
        let authority = Authority::new("test CA", Duration::from_secs(3600)).unwrap();
        let issued = authority.issue(&request(names)).unwrap();
        Pair { chain: format!("{}{}", issued.certificate, authority.certificate()), key: issued.key.to_string() }
    }

    pub(crate) fn request(names: &[&str]) -> LeafRequest {
        LeafRequest {
            common_name: "test".into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            lifetime: Duration::from_secs(3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_certificate_bears_are_refused() {
        let authority = Authority::new("test CA", Duration::from_secs(60)).unwrap();
        for bad in ["", "a b", "a/b", "ü"] {
            assert!(matches!(authority.issue(&testing::request(&[bad])), Err(IssueError::BadName(_))), "{bad}");
        }
    }

    #[test]
    fn two_keys_differ() {
        let (a, b) = (P256Key::generate().unwrap(), P256Key::generate().unwrap());
        assert_ne!(a.sec1, b.sec1);
        assert_ne!(a.point, b.point);
    }

    #[test]
    fn base64_is_the_common_one() {
        let mut out = String::new();
        base64_lines(b"a", &mut out);
        base64_lines(b"ab", &mut out);
        base64_lines(b"abc", &mut out);
        assert_eq!(out, "YQ==\nYWI=\nYWJj\n");
    }
}
