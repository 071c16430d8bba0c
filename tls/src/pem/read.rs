//! PEM blocks, and what is said when they are not the wanted ones.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{PemError, PemProblem, PemSource};

/// All certificates of the text, in their order; never an empty list.
pub(crate) fn certificates(text: &[u8], origin: &PemSource) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let fail = |problem| Err(PemError::new(origin, problem));
    if let Some(problem) = not_pem(text) {
        return fail(problem);
    }
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(text) {
        match certificate {
            Ok(certificate) => certificates.push(certificate),
            Err(error) => return fail(PemProblem::Damaged(error.to_string())),
        }
    }
    if certificates.is_empty() {
        return fail(wrong_type("certificate", text));
    }
    for (index, certificate) in certificates.iter().enumerate() {
        if let Err(error) = x509_parser::parse_x509_certificate(certificate) {
            return fail(PemProblem::MalformedCertificate { number: index + 1, reason: error.to_string() });
        }
    }
    Ok(certificates)
}

/// The one private key of the text.
pub(crate) fn private_key(text: &[u8], origin: &PemSource) -> Result<PrivateKeyDer<'static>, PemError> {
    let fail = |problem| Err(PemError::new(origin, problem));
    if let Some(problem) = not_pem(text) {
        return fail(problem);
    }
    if is_encrypted(text) {
        return fail(PemProblem::EncryptedKey);
    }
    let mut keys = Vec::new();
    for key in PrivateKeyDer::pem_slice_iter(text) {
        match key {
            Ok(key) => keys.push(key),
            // The decoder's error can quote what it read, which here is part of a key.
            Err(_) => {
                return fail(PemProblem::Damaged("the private key does not decode".to_owned()));
            }
        }
    }
    match (keys.len(), keys.pop()) {
        (1, Some(key)) => Ok(key),
        (_, None) => fail(wrong_type("private key", text)),
        (several, _) => fail(PemProblem::SeveralKeys(several)),
    }
}

fn not_pem(text: &[u8]) -> Option<PemProblem> {
    if text.iter().all(u8::is_ascii_whitespace) {
        Some(PemProblem::Empty)
    } else if labels(text).next().is_some() {
        None
    } else if text.first() == Some(&0x30) {
        Some(PemProblem::Der)
    } else {
        Some(PemProblem::NotPem)
    }
}

fn is_encrypted(text: &[u8]) -> bool {
    labels(text).any(|label| label == "ENCRYPTED PRIVATE KEY")
        || text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"Proc-Type: 4,ENCRYPTED"))
}

fn wrong_type(wanted: &'static str, text: &[u8]) -> PemProblem {
    let mut found: Vec<_> = labels(text).take(8).collect();
    found.dedup();
    PemProblem::WrongType { wanted, found: found.join(", ") }
}

/// What stands in the `-----BEGIN X-----` lines, cut to a length that an error can carry.
fn labels(text: &[u8]) -> impl Iterator<Item = String> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let label = line.trim_ascii().strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")?;
        let printable = label.iter().take(64).map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { ' ' });
        Some(printable.collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: PemSource = PemSource::Inline("the test");
    const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

    #[test]
    fn says_what_is_there_instead() {
        let error = certificates(KEY, &ORIGIN).unwrap_err();
        assert_eq!(error.to_string(), "the test: holds no certificate, only: PRIVATE KEY");
        let error =
            private_key(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &ORIGIN).unwrap_err();
        assert_eq!(error.to_string(), "the test: holds no private key, only: CERTIFICATE");
    }

    #[test]
    fn tells_empty_der_text_and_encrypted_apart() {
        assert!(matches!(certificates(b" \n", &ORIGIN).unwrap_err().problem, PemProblem::Empty));
        assert!(matches!(certificates(b"\x30\x82\x01\x01", &ORIGIN).unwrap_err().problem, PemProblem::Der));
        assert!(matches!(certificates(b"hello", &ORIGIN).unwrap_err().problem, PemProblem::NotPem));
        for text in [
            &b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"[..],
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
        ] {
            assert!(matches!(private_key(text, &ORIGIN).unwrap_err().problem, PemProblem::EncryptedKey));
        }
    }

    #[test]
    fn two_keys_or_a_damaged_certificate_are_refused() {
        let two = [KEY, KEY].concat();
        assert!(matches!(private_key(&two, &ORIGIN).unwrap_err().problem, PemProblem::SeveralKeys(2)));
        let damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let error = certificates(damaged, &ORIGIN).unwrap_err();
        assert!(matches!(error.problem, PemProblem::MalformedCertificate { number: 1, .. }));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = certificates(&bytes, &ORIGIN);
            let _ = private_key(&bytes, &ORIGIN);
        }
    }
}
