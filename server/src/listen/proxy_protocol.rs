//! The header of the PROXY protocol before a connection, as HAProxy's `proxy-protocol.txt` has it: version 1 (text) and
//! version 2 (binary).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::config::ProxyProtocol;

/// The specification's longest header of version 1.
const MOST_TEXT: usize = 107;
/// Addresses and a proxy's additions; more is nobody's header.
const MOST_BINARY: usize = 4096;
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const BINARY_HEAD: usize = 16;

/// A connection that is turned away.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("its PROXY header is malformed")]
    Malformed,
    #[error("it sent a PROXY header and is not in proxy_protocol_authorized_addrs")]
    Unauthorized,
    #[error("its first bytes took longer than {} s", .0.as_secs())]
    TooSlow(Duration),
    #[error("it ended before it began")]
    Gone,
}

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
enum Header {
    /// The client that the proxy speaks for.
    Client(SocketAddr),
    /// The proxy speaks for itself.
    Itself,
}

/// A header at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// It does not begin with one.
    None,
    /// It begins with one that takes so many bytes.
    Header(Header, usize),
}

/// Takes the header off, if there is one; gives the address that the connection is from.
pub(super) async fn admit(
    stream: &mut TcpStream,
    peer: SocketAddr,
    rule: &ProxyProtocol,
    patience: Duration,
) -> Result<SocketAddr, Refused> {
    if *rule == ProxyProtocol::Off {
        return Ok(peer);
    }
    tokio::time::timeout(patience, take(stream, peer, rule)).await.unwrap_or(Err(Refused::TooSlow(patience)))
}

async fn take(stream: &mut TcpStream, peer: SocketAddr, rule: &ProxyProtocol) -> Result<SocketAddr, Refused> {
    // A sender has to send its header at once, so that the first look shows it whole.
    let mut seen = vec![0; MOST_BINARY];
    let count = stream.peek(&mut seen).await.map_err(|_| Refused::Gone)?;
    let Found::Header(header, length) = find(&seen[..count])? else { return Ok(peer) };
    let listed = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&peer.ip().to_canonical()));
    let believed = match rule {
        ProxyProtocol::Off => false,
        ProxyProtocol::UseAlways => true,
        ProxyProtocol::AllowAuthorized(networks) => listed(networks),
        ProxyProtocol::DenyUnauthorized(networks) if listed(networks) => true,
        ProxyProtocol::DenyUnauthorized(_) => return Err(Refused::Unauthorized),
    };
    stream.read_exact(&mut seen[..length]).await.map_err(|_| Refused::Gone)?;
    Ok(match header {
        Header::Client(client) if believed => client,
        Header::Client(_) | Header::Itself => peer,
    })
}

fn find(bytes: &[u8]) -> Result<Found, Refused> {
    if bytes.starts_with(SIGNATURE) {
        return binary(bytes);
    }
    if bytes.starts_with(b"PROXY ") {
        return text(bytes);
    }
    Ok(Found::None)
}

/// Signature, version and command, family, length, addresses.
fn binary(bytes: &[u8]) -> Result<Found, Refused> {
    let (head, rest) = bytes.split_at_checked(BINARY_HEAD).ok_or(Refused::Malformed)?;
    let length = usize::from(u16::from_be_bytes([head[14], head[15]]));
    let body = rest.get(..length).ok_or(Refused::Malformed)?;
    let header = match (head[12], head[13]) {
        (0x20, _) => Header::Itself,
        (0x21, 0x11) => addresses::<4>(body)?,
        (0x21, 0x21) => addresses::<16>(body)?,
        // A Unix socket's or an unknown client's.
        (0x21, _) => Header::Itself,
        _ => return Err(Refused::Malformed),
    };
    Ok(Found::Header(header, BINARY_HEAD + length))
}

/// Source and destination address, then both ports.
fn addresses<const N: usize>(body: &[u8]) -> Result<Header, Refused>
where
    IpAddr: From<[u8; N]>,
{
    let source: [u8; N] = body.get(..N).and_then(|bytes| bytes.try_into().ok()).ok_or(Refused::Malformed)?;
    let port: [u8; 2] = body.get(2 * N..2 * N + 2).and_then(|bytes| bytes.try_into().ok()).ok_or(Refused::Malformed)?;
    Ok(Header::Client(SocketAddr::new(IpAddr::from(source), u16::from_be_bytes(port))))
}

/// `PROXY TCP4 192.168.1.9 10.0.0.1 1234 8200` and a line's end.
fn text(bytes: &[u8]) -> Result<Found, Refused> {
    let end = bytes.windows(2).take(MOST_TEXT).position(|pair| pair == b"\r\n").ok_or(Refused::Malformed)?;
    let line = std::str::from_utf8(&bytes[..end]).map_err(|_| Refused::Malformed)?;
    let words: Vec<_> = line.split(' ').collect();
    let header = match words[..] {
        [_, "UNKNOWN", ..] => Header::Itself,
        [_, family @ ("TCP4" | "TCP6"), source, _, port, _] => {
            let source: IpAddr = source.parse().map_err(|_| Refused::Malformed)?;
            if source.is_ipv4() != (family == "TCP4") {
                return Err(Refused::Malformed);
            }
            Header::Client(SocketAddr::new(source, port.parse().map_err(|_| Refused::Malformed)?))
        }
        _ => return Err(Refused::Malformed),
    };
    Ok(Found::Header(header, end + 2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    const CLIENT: &str = "192.168.1.9:1234";

    fn version2() -> Vec<u8> {
        let mut header = SIGNATURE.to_vec();
        header.extend([0x21, 0x11, 0, 12, 192, 168, 1, 9, 10, 0, 0, 1, 0x04, 0xd2, 0x20, 0x08]);
        header
    }

    fn version1() -> Vec<u8> {
        b"PROXY TCP4 192.168.1.9 10.0.0.1 1234 8200\r\n".to_vec()
    }

    /// What a listener with this rule makes of these bytes; and the rest that it leaves.
    async fn admitted(rule: ProxyProtocol, bytes: &[u8]) -> Result<(SocketAddr, Vec<u8>), Refused> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        sender.write_all(bytes).await.unwrap();
        sender.shutdown().await.unwrap();
        let (mut stream, peer) = listener.accept().await.unwrap();
        let from = admit(&mut stream, peer, &rule, Duration::from_secs(5)).await?;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        let from = if from == peer { "127.0.0.1:0".parse().unwrap() } else { from };
        Ok((from, rest))
    }

    #[tokio::test]
    async fn both_versions_tell_the_client() {
        for header in [version1(), version2()] {
            let bytes = [header.as_slice(), b"hello"].concat();
            let (from, rest) = admitted(ProxyProtocol::UseAlways, &bytes).await.unwrap();
            assert_eq!((from, rest.as_slice()), (CLIENT.parse().unwrap(), &b"hello"[..]));
        }
        let (from, rest) = admitted(ProxyProtocol::UseAlways, b"\x16\x03\x01").await.unwrap();
        assert_eq!((from.port(), rest.len()), (0, 3));
    }

    #[tokio::test]
    async fn only_those_who_are_listed_are_believed() {
        let ours = || vec!["127.0.0.0/8".parse().unwrap()];
        let others = || vec!["10.0.0.0/8".parse().unwrap()];
        let believed = admitted(ProxyProtocol::AllowAuthorized(ours()), &version2()).await.unwrap();
        assert_eq!(believed.0, CLIENT.parse().unwrap());
        let ignored = admitted(ProxyProtocol::AllowAuthorized(others()), &version2()).await.unwrap();
        assert_eq!((ignored.0.port(), ignored.1.len()), (0, 0));
        assert_eq!(admitted(ProxyProtocol::DenyUnauthorized(others()), &version2()).await, Err(Refused::Unauthorized));
        assert!(admitted(ProxyProtocol::DenyUnauthorized(ours()), &version1()).await.is_ok());
        // Without a header there is nothing to deny.
        assert!(admitted(ProxyProtocol::DenyUnauthorized(others()), b"GET /").await.is_ok());
    }

    #[test]
    fn a_proxy_may_speak_for_itself() {
        let mut local = SIGNATURE.to_vec();
        local.extend([0x20, 0, 0, 0]);
        assert_eq!(find(&local), Ok(Found::Header(Header::Itself, 16)));
        assert_eq!(find(b"PROXY UNKNOWN\r\nx"), Ok(Found::Header(Header::Itself, 15)));
    }

    #[test]
    fn what_is_cut_or_contradicts_itself_is_refused() {
        let header = version2();
        for cut in SIGNATURE.len()..header.len() {
            assert_eq!(find(&header[..cut]), Err(Refused::Malformed), "{cut}");
        }
        for line in
            ["PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 99999 1\r\n"]
        {
            assert_eq!(find(line.as_bytes()), Err(Refused::Malformed), "{line}");
        }
        assert_eq!(find(&[b"PROXY ".as_slice(), &[b'x'; 200]].concat()), Err(Refused::Malformed));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0..3) {
            let bytes = match kind {
                0 => bytes,
                1 => [SIGNATURE, &bytes].concat(),
                _ => [b"PROXY ".as_slice(), &bytes].concat(),
            };
            let _ = find(&bytes);
        }
    }
}
