//! Handshakes in memory between the configurations that this crate builds.

use std::sync::Arc;
use std::time::Duration;

use coffer_tls::rustls::{self, ClientConnection, ServerConnection};
use coffer_tls::{
    Authority, CipherSuites, ClientAuth, ClientTls, Identity, LeafRequest, PemSource, ReloadableIdentity, Roots,
    ServerTls, TlsVersion, Trust, VersionRange, explain,
};

const TEXT: PemSource = PemSource::Inline("test");

fn authority() -> Authority {
    authority_named("handshake test CA")
}

fn authority_named(name: &str) -> Authority {
    Authority::new(name, Duration::from_secs(3600)).unwrap()
}

fn identity(authority: &Authority, name: &str) -> Arc<ReloadableIdentity> {
    let request =
        LeafRequest { common_name: name.into(), names: vec![name.into()], lifetime: Duration::from_secs(600) };
    let issued = authority.issue(&request).unwrap();
    let identity = Identity::from_pem(issued.certificate.as_bytes(), TEXT, issued.key.as_bytes(), TEXT);
    ReloadableIdentity::fixed(identity.unwrap())
}

fn trusting(authority: &Authority) -> ClientTls {
    ClientTls::new(Trust::Roots(roots(authority)))
}

fn roots(authority: &Authority) -> Roots {
    Roots::from_pem(authority.certificate().as_bytes(), "test").unwrap()
}

struct Done {
    version: rustls::ProtocolVersion,
    suite: rustls::CipherSuite,
    client_showed_certificate: bool,
}

fn shake(client: &ClientTls, server: &ServerTls, host: &str) -> Result<Done, String> {
    let name = client.name_for(host).unwrap();
    let mut client = ClientConnection::new(client.config().unwrap(), name).unwrap();
    let mut server = ServerConnection::new(server.config().unwrap()).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = &wire[..];
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets().map_err(|error| format!("server: {}", explain(&error)))?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = &wire[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets().map_err(|error| format!("client: {}", explain(&error)))?;
        }
    }
    Ok(Done {
        version: server.protocol_version().unwrap(),
        suite: server.negotiated_cipher_suite().unwrap().suite(),
        client_showed_certificate: server.peer_certificates().is_some(),
    })
}

#[test]
fn the_versions_asked_for_are_used() {
    let authority = authority();
    let mut server = ServerTls::new(identity(&authority, "localhost"));
    let mut client = trusting(&authority);
    assert_eq!(shake(&client, &server, "localhost").unwrap().version, rustls::ProtocolVersion::TLSv1_3);

    server.versions = VersionRange::new(TlsVersion::Tls12, TlsVersion::Tls12).unwrap();
    assert_eq!(shake(&client, &server, "localhost").unwrap().version, rustls::ProtocolVersion::TLSv1_2);

    client.versions = VersionRange::new(TlsVersion::Tls13, TlsVersion::Tls13).unwrap();
    assert!(shake(&client, &server, "localhost").is_err());
}

#[test]
fn the_chosen_tls12_suite_is_used() {
    let authority = authority();
    let mut server = ServerTls::new(identity(&authority, "localhost"));
    server.versions = VersionRange::new(TlsVersion::Tls12, TlsVersion::Tls12).unwrap();
    server.suites = Some(CipherSuites::parse("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256").unwrap());
    let done = shake(&trusting(&authority), &server, "localhost").unwrap();
    assert_eq!(done.suite, rustls::CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256);

    server.suites = Some(CipherSuites::parse("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256").unwrap());
    assert!(shake(&trusting(&authority), &server, "localhost").is_err(), "the certificate is not RSA");
}

#[test]
fn strangers_and_wrong_names_are_refused_in_words() {
    let (ours, theirs) = (authority(), authority_named("another CA"));
    let server = ServerTls::new(identity(&theirs, "localhost"));
    let error = shake(&trusting(&ours), &server, "localhost").map(|_| ()).unwrap_err();
    assert_eq!(error, "client: the certificate is signed by an authority that is not trusted here");
    let namesake = authority_named("another CA");
    let error = shake(&trusting(&namesake), &server, "localhost").map(|_| ()).unwrap_err();
    assert!(error.contains("was signed with another key"), "{error}");
    let error = shake(&trusting(&theirs), &server, "example.com").map(|_| ()).unwrap_err();
    assert!(error.starts_with("client: the certificate is not made out to example.com, but to: "), "{error}");

    let mut client = trusting(&theirs);
    client.server_name = Some("localhost".into());
    shake(&client, &server, "127.0.0.1").unwrap();
    shake(&ClientTls::new(Trust::AnyCertificate), &server, "example.com").unwrap();
}

#[test]
fn client_certificates_are_asked_for_as_configured() {
    let (authority, other) = (authority(), authority());
    let mut server = ServerTls::new(identity(&authority, "localhost"));
    let without = trusting(&authority);
    let mut with = trusting(&authority);
    with.identity = Some(identity(&authority, "client"));
    let mut stranger = trusting(&authority);
    stranger.identity = Some(identity(&other, "client"));

    server.client_auth = ClientAuth::Optional(roots(&authority));
    assert!(!shake(&without, &server, "localhost").unwrap().client_showed_certificate);
    assert!(shake(&with, &server, "localhost").unwrap().client_showed_certificate);
    assert!(shake(&stranger, &server, "localhost").is_err());

    server.client_auth = ClientAuth::Required(roots(&authority));
    let error = shake(&without, &server, "localhost").map(|_| ()).unwrap_err();
    assert_eq!(error, "server: the peer showed no certificate");
    assert!(shake(&with, &server, "localhost").unwrap().client_showed_certificate);
}

/// What `openssl req -x509` makes: a server's certificate that is its own authority.
#[test]
fn a_self_signed_authority_is_a_server_where_it_is_trusted_itself() {
    let authority = self_signed("RSA 2048");
    let server = ServerTls::new(ReloadableIdentity::fixed(authority.1));
    let trusting = ClientTls::new(Trust::Roots(Roots::from_pem(authority.0.as_bytes(), "test").unwrap()));
    shake(&trusting, &server, "localhost").unwrap();
    assert!(shake(&trusting, &server, "example.com").is_err());
}

#[test]
fn every_supported_key_type_serves_both_versions() {
    for name in ["RSA 2048", "P-256", "P-384", "Ed25519"] {
        let (certificate, identity) = self_signed(name);
        let mut server = ServerTls::new(ReloadableIdentity::fixed(identity));
        let client = ClientTls::new(Trust::Roots(Roots::from_pem(certificate.as_bytes(), "test").unwrap()));
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            server.versions = VersionRange::new(version, version).unwrap();
            shake(&client, &server, "localhost").unwrap_or_else(|error| panic!("{name} {version}: {error}"));
        }
    }
}

/// Valid to the year 2126; made with `openssl req -x509 -nodes -days 36500 -addext subjectAltName=DNS:localhost`.
fn self_signed(kind: &str) -> (&'static str, Identity) {
    let text = match kind {
        "RSA 2048" => include_str!("data/rsa2048.pem"),
        "P-256" => include_str!("data/p256.pem"),
        "P-384" => include_str!("data/p384.pem"),
        "Ed25519" => include_str!("data/ed25519.pem"),
        other => panic!("no such test certificate: {other}"),
    };
    (text, Identity::from_pem(text.as_bytes(), TEXT, text.as_bytes(), TEXT).unwrap())
}
