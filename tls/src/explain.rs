//! rustls' errors in an operator's words.

use rustls::{AlertDescription, CertificateError, Error};

/// One line that says what is wrong, without the library's own type names.
pub fn explain(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(problem) => certificate(problem),
        Error::AlertReceived(alert) => {
            format!("the peer ended the TLS handshake: {}", alert_text(*alert))
        }
        Error::NoCertificatesPresented => "the peer showed no certificate".to_owned(),
        Error::PeerIncompatible(reason) => {
            format!("the peer offers nothing that is accepted here: {reason:?}")
        }
        Error::InvalidMessage(_) => "the peer does not speak TLS (is it plain HTTP?)".to_owned(),
        Error::General(text) => text.clone(),
        other => other.to_string(),
    }
}

fn certificate(problem: &CertificateError) -> String {
    match problem {
        CertificateError::UnknownIssuer => "the certificate is signed by an authority that is not trusted here".into(),
        CertificateError::BadSignature => {
            "the certificate names a trusted authority as its issuer, but was signed with another key \
             (is the CA file of an older or another CA of that name?)"
                .into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet (are both clocks right?)".into()
        }
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "the certificate is not made out to {}, but to: {}",
            expected.to_str(),
            made_out_to(presented.iter().map(|name| plain(name)))
        ),
        CertificateError::NotValidForName => "the certificate is not made out to this name".into(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate's extended key usage does not allow this: it needs serverAuth to be a server's and \
             clientAuth to be a client's"
                .into()
        }
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "the certificate is an authority's (CA:TRUE) and cannot be a server's unless it is itself trusted".into()
        }
        other => format!("the certificate is refused: {other}"),
    }
}

/// Whom a certificate names.
pub(crate) fn made_out_to<'n>(names: impl Iterator<Item = &'n str>) -> String {
    match names.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "nobody (it has no subjectAltName)".to_owned(),
        names => names,
    }
}

/// A name as webpki writes it, `DnsName("vault.example.com")`, without the kind and the quotes.
fn plain(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"')
}

fn alert_text(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => "it refuses the certificate",
        AlertDescription::UnknownCA => "it does not trust the authority that signed the certificate",
        AlertDescription::CertificateExpired => "it finds the certificate expired",
        AlertDescription::CertificateRequired => "it asks for a client certificate and got none",
        AlertDescription::ProtocolVersion => "it accepts no TLS version that is offered here",
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            "it accepts no cipher suite or key type that is offered here"
        }
        AlertDescription::UnrecognisedName => "it does not know the server name",
        AlertDescription::AccessDenied => "it denies access",
        _ => "see the peer's log for the reason",
    }
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::ServerName;

    use super::*;

    #[test]
    fn names_are_told_without_the_librarys_types() {
        let expected = ServerName::try_from("vault2.example.com").unwrap();
        let presented = vec![r#"DnsName("vault1.example.com")"#.to_owned(), "IpAddress(10.0.0.1)".to_owned()];
        let told =
            explain(&Error::InvalidCertificate(CertificateError::NotValidForNameContext { expected, presented }));
        assert_eq!(told, "the certificate is not made out to vault2.example.com, but to: vault1.example.com, 10.0.0.1");
    }
}
